"""Which file is written how, and whether it may be."""

import importlib
import os
import re
import shutil
from itertools import starmap, zip_longest
from pathlib import Path

from sksegment._image_files import check_path, is_image_name
from sksegment._output_files import check_folder
from sksegment.stacks._array_writer import write_npy
from sksegment.stacks._encoding import recode
from sksegment.stacks._folder_writer import page_names, write_folder
from sksegment.stacks._label_pages import LabelPages
from sksegment.stacks._tiff_writer import identity_in_tiff, write_tiff
from sksegment.stacks._video_writer import WRITTEN_VIDEO_SUFFIXES, write_video
from sksegment.stacks._zarr_writer import identity_in_zarr, write_zarr

__all__ = ["WRITTEN_SUFFIXES", "Place", "refuse_video"]

_WRITERS = {
    ".tif": write_tiff,
    ".tiff": write_tiff,
    ".npy": write_npy,
    ".zarr": write_zarr,
    **dict.fromkeys(WRITTEN_VIDEO_SUFFIXES, write_video),
}
WRITTEN_SUFFIXES = frozenset(_WRITERS)
# Of which run an output is; others do not tell.
_IDENTITIES = {write_tiff: identity_in_tiff, write_zarr: identity_in_zarr}
# As `replacing` and `write_zarr` name them.
_TEMPORARY = re.compile(r"\.(.+)\.\d+(?:-\d+)?\.(?:tmp|old)")
_PACKAGES = {".zarr": ("zarr",), **dict.fromkeys(WRITTEN_VIDEO_SUFFIXES, ("av",))}


class Place:
    """Where the label maps of a stack go.

    Parameters
    ----------
    out : str or path-like
        The suffix says what is written; a folder of images if it has none.
    stack : Stack
        The input.

    Attributes
    ----------
    path : pathlib.Path
    journal : pathlib.Path
        Where the finished slices are kept meanwhile.
    write : callable
        ``write(path, labels)`` writes `LabelPages`.

    Raises
    ------
    ValueError
        If nothing is known to be written with the suffix, or an input would be
        replaced.
    ImportError
        If the package that writes it is not installed.
    PermissionError, NotADirectoryError
        If nothing can be written there.
    """

    def __init__(self, out, stack):
        self.path = check_path(out).absolute()
        suffix = self.path.suffix.lower()
        is_folder = suffix not in _WRITERS and (self.path.is_dir() or not suffix)
        if not is_folder and suffix not in _WRITERS:
            raise ValueError(
                f"{out}: label maps cannot be written as {suffix!r}; choose "
                f"{', '.join(_WRITERS)}, or a folder"
            )
        self.write = write_folder if is_folder else _WRITERS[suffix]
        self.targets = [self.path]
        self.journal = self.path.with_name(f"{self.path.name}.partial")
        if is_folder:
            self.targets = [self.path / name for name in page_names(stack)]
            self.journal = self.path / "labels.partial"
        _import_packages(suffix)
        check_folder(self.journal.parent)
        self._check_inputs(stack)

    def _check_inputs(self, stack):
        source = stack._source
        inputs = {Path(path).resolve() for path in source.paths}
        folders = {Path(path).resolve() for path in source.folders}
        behind = {path.resolve() for path in source.behind()}
        folders |= {path for path in behind if path.is_dir()}
        # What is read of a zarr array lies in the folder that is written to.
        read = inputs | folders | behind
        taken = read.union(*(path.parents for path in read))
        for target in map(Path.resolve, self.targets):
            if target in taken:
                raise ValueError(
                    f"{target} is an input and would be replaced; choose another output"
                )
            if not folders.isdisjoint(target.parents):
                raise ValueError(
                    f"{target} lies within the input, which must stay as it is; choose "
                    "another output"
                )
        self._check_folder_of_slices(source, inputs)

    def _check_folder_of_slices(self, source, inputs):
        """Refuse labels that would be found among the slices the next time."""
        homes = set() if source.home is None else {Path(source.home).resolve()}
        folder = self.path.parent
        if self.write is write_folder:
            folder = self.path
            if source.names and len(inputs) > 1:
                homes |= {path.parent for path in inputs}
        elif not is_image_name(self.path):
            return
        if folder.resolve() in homes:
            raise ValueError(
                f"{folder} is the folder of the slices: the next run would take these "
                "labels for slices; choose another output"
            )

    def identity(self):
        """Tell of which run the output is that is there, None if it does not tell."""
        read = _IDENTITIES.get(self.write)
        return read(self.path) if read and self.path.exists() else None

    def check_free(self, *, resume, overwrite):
        """Refuse to replace what is there.

        With ``resume``, an output that tells of which run it is may be that of this
        one: then nothing is left to do.

        Raises
        ------
        FileExistsError
            If there is a finished output or an unfinished run, or, in a folder, label
            maps of an earlier run that would stay beside the new ones.
        """
        if self.path.is_dir() and self.write not in (write_folder, write_zarr):
            raise IsADirectoryError(f"{self.path} is a folder; choose another name")
        if overwrite:
            self._check_stale()
            return
        if self.journal.exists():
            if resume:
                return
            raise FileExistsError(
                f"{self.journal} holds the finished slices of a run that was "
                "interrupted; go on with resume=True, or begin anew with "
                "overwrite=True"
            )
        if resume and self.identity() is not None:
            return
        if found := next(filter(os.path.lexists, self.targets), None):
            raise FileExistsError(
                f"{found} exists; choose another output, or replace it with "
                "overwrite=True"
            )

    def _check_stale(self):
        """Refuse to replace a part of the label maps in a folder.

        They may be of another run into it: they are named, not removed.
        """
        if self.write is not write_folder or not any(map(Path.exists, self.targets)):
            return
        names = {target.name for target in self.targets}
        of_this_kind = _pattern_of(names)
        stale = sorted(
            path.name
            for path in self.path.iterdir()
            if path.name not in names and of_this_kind.fullmatch(path.name)
        )
        if stale:
            listed = " to ".join(dict.fromkeys([stale[0], stale[-1]]))
            raise FileExistsError(
                f"{self.path} holds {len(stale)} more label map(s) that this run does "
                f"not replace, {listed}; remove them, or choose another output"
            )

    def write_pages(self, pages, dtype, stack):
        """Write label maps that need no journal, and the folder they go to.

        Parameters
        ----------
        pages : iterable of ndarray of shape (H, W)
            In uint8, uint16 or a signed dtype.
        dtype : numpy.dtype
            What they are written in.
        stack : Stack
            Whose size, spacing and names they have.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        recoded = (recode(page, dtype) for page in pages)
        self.write(self.path, LabelPages(recoded, dtype, stack, self.path.name))

    def remove_leftovers(self):
        """Remove what killed programs had begun to write in the place of targets.

        To be called while the journal is locked, so that nobody is writing there.
        """
        names = {target.name for target in self.targets}
        for path in self.targets[0].parent.iterdir():
            begun = _TEMPORARY.fullmatch(path.name)
            if begun and begun[1] in names:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def refuse_video(out):
    """Refuse a video, which shows colours, for labels that are to be read again.

    Raises
    ------
    ValueError
    """
    if Path(out).suffix.lower() in WRITTEN_VIDEO_SUFFIXES:
        raise ValueError(f"{out}: labels are written as labels, not as a video")


def _pattern_of(names):
    """Pattern of names that differ from these in those numbers alone that count slices.

    A number that all have in common is of the volume, and others may lie beside it.
    """
    kinds = {}
    for name in names:
        parts = re.split(r"(\d+)", name)
        kinds.setdefault(tuple(parts[::2]), []).append(parts[1::2])
    return re.compile("|".join(starmap(_pattern_of_kind, kinds.items())))


def _pattern_of_kind(texts, numbers):
    columns = [*zip(*numbers, strict=True)]
    counts = [len({*column}) > 1 for column in columns]
    # A single slice is counted by its last number.
    counts[-1:] = [counts[-1] or not any(counts)] if counts else []
    found = [
        r"\d+" if is_count else re.escape(column[0])
        for column, is_count in zip(columns, counts, strict=True)
    ]
    pairs = zip_longest(map(re.escape, texts), found, fillvalue="")
    return "".join(map("".join, pairs))


def _import_packages(suffix):
    """Notice before a long run that what writes its result is missing."""
    for name in _PACKAGES.get(suffix, ()):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ImportError(
                f"writing {suffix} needs {name}; install it with: pip install "
                '"sksegment[stacks]"'
            ) from error
