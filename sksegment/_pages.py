"""Images of several files for training: which ones, and how messages name them."""

import contextlib
import re
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from sksegment._image_files import (
    ImageFileError,
    count_images,
    read_images,
    warn_of_types,
)
from sksegment._validation import check_images

__all__ = ["Page", "naming_images", "naming_warnings", "training_images"]

_FORMS = {
    "image": "{}",
    "scribble map": "the scribbles of {}",
    "ground truth": "the ground truth of {}",
}
_IMAGE_NUMBER = re.compile(rf"\b({'|'.join(_FORMS)}) (\d+)\b")


class Page(NamedTuple):
    """One of the images in a file; as text what messages call it.

    Attributes
    ----------
    path : Path
    number : int
        Counted from 0.
    n_pages : int
        How many there are in the file.
    """

    path: Path
    number: int = 0
    n_pages: int = 1

    def __str__(self):
        page = f", page {self.number}" if self.n_pages > 1 else ""
        return f"{self.path}{page}"


def training_images(paths, n_images, log, wanted=frozenset(), field=None):
    """Read images spread evenly over all files; only the files chosen are read.

    Parameters
    ----------
    paths : list of Path
    n_images : int
        Number to aim for; all if there are fewer.
    log : Log
        Files that cannot be used are given up there, and others chosen.
    wanted : set of Page, default=frozenset()
        Chosen first, even if they are more.
    field : callable, optional
        See `sksegment._validation.check_images`.

    Returns
    -------
    images : dict of Page to ndarray
        In the order of the files; all with the same number of channels.
    """
    pages, images = [], {}
    for path in paths:
        with log.guard(path):
            n_pages = count_images(path)
            pages += [Page(path, index, n_pages) for index in range(n_pages)]
    warn_of_types(paths)
    while pages:
        chosen = _choose(pages, n_images, wanted)
        for path in dict.fromkeys(page.path for page in chosen):
            missing = {page for page in chosen if page.path == path} - images.keys()
            if missing:
                with log.guard(path):
                    images.update(_read(path, missing, field))
        pages = [page for page in pages if page.path not in log.failed]
        if {*chosen} <= {*pages}:
            return _with_same_channels({page: images[page] for page in chosen}, log)
    return {}


def _choose(pages, n, wanted):
    """Take what is wanted, and the middles of equal parts of all others."""
    others = [page for page in pages if page not in wanted]
    n_wanted = len(pages) - len(others)
    n_others = max(0, min(n - n_wanted, len(others)))
    middles = [(2 * i + 1) * len(others) // (2 * n_others) for i in range(n_others)]
    spread = {others[middle] for middle in middles}
    return [page for page in pages if page in wanted or page in spread]


def _read(path, pages, field):
    images = read_images(path)
    chosen = {}
    for page in sorted(pages):
        with naming_images([page]):
            check_images([images[page.number]], field=field)
        # A view would keep all pages in memory.
        image = images[page.number]
        chosen[page] = image.copy() if len(images) > 1 else image
    return chosen


def _with_same_channels(images, log):
    channels = {page: _n_channels(image) for page, image in images.items()}
    # The first of the most frequent, so that one odd photograph does not rule.
    expected = Counter(channels.values()).most_common(1)[0][0]
    model = next(page for page, found in channels.items() if found == expected)
    for path in dict.fromkeys(page.path for page in images):
        found = {channels[page] for page in images if page.path == path} - {expected}
        with log.guard(path):
            if found:
                raise ImageFileError(
                    f"{path} has {found.pop()} channel(s), but {model.path} has "
                    f"{expected}; convert one of them, or run them apart"
                )
    return {
        page: image for page, image in images.items() if page.path not in log.failed
    }


def _n_channels(image):
    return 1 if image.ndim == 2 else image.shape[2]


@contextlib.contextmanager
def naming_images(names):
    """Put names in the place of "image 0", "ground truth 0", and so on, in messages.

    Parameters
    ----------
    names : iterable
        Of all images, in order; what they are as text.

    Raises
    ------
    ImageFileError
        Instead of a `ValueError` whose message has the number of an image.
    """
    names = [*map(str, names)]
    try:
        yield
    except ImageFileError:
        raise
    except ValueError as error:
        if not _IMAGE_NUMBER.search(str(error)):
            raise
        raise ImageFileError(_with_names(error, names)) from error


@contextlib.contextmanager
def naming_warnings(names):
    """Put names in the place of "image 0" and so on in warnings, each told once.

    Parameters
    ----------
    names : iterable
        Of all images, in order; what they are as text.
    """
    names, told = [*map(str, names)], set()
    with warnings.catch_warnings():
        show = warnings.showwarning

        def show_once(message, category, *place):
            text = _with_names(message, names)
            if (text, category) not in told:
                told.add((text, category))
                show(category(text), category, *place)

        warnings.showwarning = show_once
        yield


def _with_names(message, names):
    return _IMAGE_NUMBER.sub(lambda match: _named(match, names), str(message))


def _named(match, names):
    if int(match[2]) >= len(names):
        return match[0]
    return _FORMS[match[1]].format(names[int(match[2])])
