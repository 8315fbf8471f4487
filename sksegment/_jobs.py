"""What the commands share: choose training images, label files one after the other."""

import contextlib
import os
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.base import clone

from sksegment._image_files import (
    ImageFileError,
    count_images,
    read_images,
    write_image,
    write_labels,
)
from sksegment._validation import check_images
from sksegment.memory import estimate
from sksegment.plotting import overlay

__all__ = [
    "Journal",
    "Outputs",
    "check_folder",
    "check_model_file",
    "fit_model",
    "label_file",
    "merge_classes",
    "merge_learnt",
    "naming_images",
    "output_names",
    "training_images",
]

_IMAGE_NUMBER = re.compile(r"\bimage (\d+)\b")


@dataclass
class Journal:
    """What was done, what went wrong, and where to say so.

    Attributes
    ----------
    quiet : bool
        Print nothing but errors.
    failed : set of Path
        Files that were given up; each was told in one line on stderr.
    n_images : int
        Images that were labelled.
    verbose : bool
        Print details too.
    """

    quiet: bool = False
    failed: set = field(default_factory=set)
    n_images: int = 0
    verbose: bool = False

    def __post_init__(self):
        self._start = time.perf_counter()

    @property
    def seconds(self):
        """Seconds since the beginning."""
        return time.perf_counter() - self._start

    @property
    def exit_code(self):
        """0 if every file could be used, else 2."""
        return 2 if self.failed else 0

    def say(self, text):
        """Print a line, unless quiet."""
        if not self.quiet:
            print(text, flush=True)

    def tell_memory(self, name, estimator, shapes, *, training=False):
        """Print how much memory something will take, if details are wanted."""
        if self.verbose:
            self.say(f"{name}: {estimate(estimator, shapes, training=training)}")

    @contextlib.contextmanager
    def guard(self, path):
        """Give up the file, not the command, if it cannot be used."""
        try:
            yield
        except ImageFileError as error:
            self.failed.add(path)
            print(f"sksegment: error: {error}", file=sys.stderr)


@dataclass(frozen=True)
class Outputs:
    """Where the results of each input go.

    Attributes
    ----------
    folder : Path
    names : dict of Path to str
        Beginning of the names of all results of an input.
    suffix : str
        Of label maps, ``".png"`` or ``".tif"``.
    with_overlay : bool
    """

    folder: Path
    names: dict
    suffix: str
    with_overlay: bool

    @classmethod
    def plan(cls, folder, paths, *, suffix, with_overlay):
        """Choose names, and refuse places that cannot or must not be written to.

        Raises
        ------
        ValueError
            If the folder is none, is read-only, holds the inputs of a folder, or a
            result would replace an input.
        """
        folder = Path(folder)
        check_folder(folder)
        names = dict(zip(paths, output_names(paths), strict=True))
        outputs = cls(folder, names, suffix, with_overlay)
        inputs = {path.resolve(): path for path in paths}
        for target in (target for path in paths for target in outputs.of(path)):
            if target.resolve() in inputs:
                raise ValueError(
                    f"the results would replace the input {inputs[target.resolve()]}; "
                    "choose another folder with -o"
                )
        return outputs

    def of(self, path):
        """All files that may be written for an input."""
        endings = ("labels.png", "labels.tif", "overlay.png", "model.safetensors")
        return [self.place(path, ending) for ending in endings]

    def place(self, path, ending):
        """File of one result of an input."""
        return self.folder / f"{self.names[path]}_{ending}"

    def write(self, path, images, maps):
        """Write labels and overlay of one input."""
        self.folder.mkdir(parents=True, exist_ok=True)
        suffix = self.suffix if len(maps) == 1 else ".tif"
        write_labels(self.place(path, f"labels{suffix}"), maps)
        if self.with_overlay:
            middle = len(maps) // 2
            picture = overlay(images[middle], maps[middle])
            write_image(self.place(path, "overlay.png"), picture)


def check_folder(folder):
    """Refuse a folder that cannot be made or written to, without making it.

    Raises
    ------
    ValueError
    """
    nearest = Path(folder).absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ValueError(f"{nearest} is a file; choose a folder with -o")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(
            f"{nearest} cannot be written to: permission denied; choose another "
            "folder with -o"
        )


def check_model_file(target, paths):
    """Refuse a place where a model must not be written, before the training.

    Raises
    ------
    ValueError
        If it is a folder, one of the inputs, or in a folder that is read-only.
    """
    check_folder(target.parent)
    if target.is_dir() or target.resolve() in {path.resolve() for path in paths}:
        raise ValueError(
            f"the model cannot be written to {target}: it is a folder or an input; "
            "name a file, e.g. -o model.safetensors"
        )


def output_names(paths):
    """Name the results of inputs so that none replaces another's.

    Parameters
    ----------
    paths : list of Path

    Returns
    -------
    names : list of str
        The stem where that is enough; with suffix or folder where stems are the same,
        and numbered where this does not help either.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sksegment._jobs import output_names
    >>> output_names([Path("a/x.png"), Path("b/x.png"), Path("b/y.png")])
    ['a_x', 'b_x', 'y']
    """
    groups = {}
    for path in paths:
        groups.setdefault(path.stem.casefold(), []).append(path)
    names, taken = {}, set()
    for path in paths:
        name = stem = _scheme(groups[path.stem.casefold()])(path)
        number = 2
        # Folded, since some file systems do not tell A from a.
        while name.casefold() in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name.casefold())
        names[path] = name
    return [names[path] for path in paths]


def _scheme(same_stem):
    """Shortest way to name the files of one stem apart."""
    for scheme in _SCHEMES:
        if len({scheme(path).casefold() for path in same_stem}) == len(same_stem):
            break
    return scheme


def _folder_of(path):
    return path.absolute().parent.name


_SCHEMES = (
    lambda path: path.stem,
    lambda path: f"{path.stem}_{path.suffix[1:]}",
    lambda path: f"{_folder_of(path)}_{path.stem}",
    lambda path: f"{_folder_of(path)}_{path.stem}_{path.suffix[1:]}",
)


def training_images(paths, n_images, journal):
    """Read images spread evenly over all files; only the files chosen are read.

    Parameters
    ----------
    paths : list of Path
    n_images : int
        Number to aim for; all if there are fewer.
    journal : Journal
        Files that cannot be used are given up there, and others chosen.

    Returns
    -------
    images : dict of str to ndarray
        By a name for messages; all with the same number of channels.
    """
    slots, images = [], {}
    for path in paths:
        with journal.guard(path):
            slots += [(path, page) for page in range(count_images(path))]
    while slots:
        chosen = _spread(slots, n_images)
        for path in dict.fromkeys(path for path, _ in chosen):
            wanted = {slot for slot in chosen if slot[0] == path} - images.keys()
            if wanted:
                with journal.guard(path):
                    images.update(_read_pages(path, wanted))
        slots = [slot for slot in slots if slot[0] not in journal.failed]
        if set(chosen) <= set(slots):
            return _with_same_channels({slot: images[slot] for slot in chosen}, journal)
    return {}


def _spread(items, n):
    """Choose the middles of n equal parts of a list."""
    n = min(n, len(items))
    return [items[(2 * i + 1) * len(items) // (2 * n)] for i in range(n)]


def _read_pages(path, slots):
    pages = read_images(path)
    chosen = {}
    for slot in sorted(slots):
        index = slot[1]
        name = _page_name(path, index, len(pages))
        with naming_images([name]):
            check_images([pages[index]])
        # A view would keep all pages in memory.
        chosen[slot] = pages[index].copy() if len(pages) > 1 else pages[index]
    return chosen


def _with_same_channels(images, journal):
    channels = {slot: _n_channels(image) for slot, image in images.items()}
    # The first of the most frequent, so that one odd photograph does not rule.
    expected = Counter(channels.values()).most_common(1)[0][0]
    model = next(slot for slot, found in channels.items() if found == expected)
    for path in dict.fromkeys(path for path, _ in images):
        found = {channels[slot] for slot in images if slot[0] == path} - {expected}
        with journal.guard(path):
            if found:
                raise ImageFileError(
                    f"{path} has {found.pop()} channel(s), but {model[0]} has "
                    f"{expected}; convert one of them, or run them apart"
                )
    kept = {
        slot: image for slot, image in images.items() if slot[0] not in journal.failed
    }
    pages = Counter(path for path, _ in kept)
    return {_page_name(*slot, pages[slot[0]]): image for slot, image in kept.items()}


def _n_channels(image):
    return 1 if image.ndim == 2 else image.shape[2]


def _page_name(path, index, n_pages):
    return f"{path}, page {index}" if n_pages > 1 else str(path)


@contextlib.contextmanager
def naming_images(names):
    """Put names in the place of "image 0", and so on, in messages."""
    try:
        yield
    except ImageFileError:
        raise
    except ValueError as error:
        if not _IMAGE_NUMBER.search(str(error)):
            raise
        named = _IMAGE_NUMBER.sub(lambda match: names[int(match[1])], str(error))
        raise ImageFileError(named) from error


def fit_model(estimator, images):
    """Fit a copy of an estimator; messages name the files.

    Parameters
    ----------
    estimator : SparseWNetSegmenter
    images : dict of str to ndarray
        See `training_images`.

    Returns
    -------
    model : SparseWNetSegmenter
    """
    with naming_images([*images]):
        return clone(estimator).fit([*images.values()])


def merge_classes(model, n_classes, name):
    """Join the labels of a model until so many classes are left.

    Parameters
    ----------
    model : SparseWNetSegmenter or DenseWNetSegmenter
    n_classes : int, "auto" or None
        None changes nothing.
    name : str
        What it was trained on, or its file, for messages.

    Raises
    ------
    ImageFileError
        If there are fewer classes.
    """
    if n_classes is None:
        return
    n_learnt = int((model.label_fractions_ > 0).sum())
    if n_classes != "auto" and n_classes > n_learnt:
        raise ImageFileError(
            f"{name}: {n_learnt} class(es) were learnt, fewer than --classes "
            f"{n_classes}; train with a larger --max-labels, or with smaller "
            "--beta-sim and --beta-con"
        )
    model.merge_labels(n_classes)


def merge_learnt(model, n_classes, name, target):
    """Join classes like `merge_classes`; what was learnt is not lost if that fails.

    Parameters
    ----------
    model, n_classes, name
        See `merge_classes`.
    target : Path
        File that then gets the model as it is.

    Raises
    ------
    ImageFileError
        If there are fewer classes; it names the file.
    """
    try:
        merge_classes(model, n_classes, name)
    except ImageFileError as error:
        target.parent.mkdir(parents=True, exist_ok=True)
        model.save(target)
        raise ImageFileError(f"{error}; the model as it is: {target}") from error


def label_file(model, path, outputs, journal):
    """Label all images of a file and write the results.

    Parameters
    ----------
    model : SparseWNetSegmenter
    path : Path
    outputs : Outputs
    journal : Journal
        The file is given up there if it cannot be used.
    """
    if path in journal.failed:
        return
    start = time.perf_counter()
    with journal.guard(path):
        images = read_images(path)
        maps = []
        shapes = [image.shape for image in images]
        journal.tell_memory(f"labelling {path}", model, shapes)
        for index, image in enumerate(images):
            with naming_images([_page_name(path, index, len(images))]):
                maps += model.predict([image])
        outputs.write(path, images, maps)
        journal.n_images += len(maps)
        n_labels = len(set().union(*(np.unique(page[page >= 0]) for page in maps)))
        kind = "classes" if model.n_regions is None else "regions"
        seconds = time.perf_counter() - start
        journal.say(f"{path}: {n_labels} {kind}, {seconds:.1f} s")
