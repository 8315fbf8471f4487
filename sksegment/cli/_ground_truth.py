"""Find the ground truth that belongs to images, or to label maps, by their names."""

from pathlib import Path

from sksegment._image_files import ImageFileError, find_images, read_images
from sksegment._label_files import ARRAY_SUFFIXES
from sksegment._pages import Page
from sksegment.cli._label_file import is_volume, maps_of

__all__ = ["find_truth", "pair_truth", "read_labelled"]


def find_truth(paths, truth):
    """Find the file with the ground truth of every file.

    Parameters
    ----------
    paths : list of Path
        Images, or label maps as the commands write them, ``NAME_labels.png``.
    truth : str or path-like
        One file, for one path; or a folder with ``NAME.*`` or ``NAME_labels.*``.

    Returns
    -------
    files : dict of Path to Path
        In the order of the paths.

    Raises
    ------
    ImageFileError
        If ground truth is missing, or not clear; the message names the files.
    """
    truth = Path(truth)
    is_one = truth.is_file() or (truth.exists() and is_volume(truth))
    if is_one and len(paths) == 1:
        return {paths[0]: truth}
    if is_one or not truth.is_dir():
        reason = "is one file for several" if is_one else "is no folder"
        raise ImageFileError(
            f"the ground truth {truth} {reason}; name a folder with a file of the "
            "same name for every image"
        )
    found = _by_name(truth)
    missing = [path for path in paths if _name(path) not in found]
    if missing:
        names = ", ".join(str(path) for path in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise ImageFileError(
            f"there is no ground truth in {truth} for {names}{more}; expected "
            f"{_name(missing[0])}.png, .tif, .npz, or the like"
        )
    return {path: found[_name(path)] for path in paths}


def _by_name(folder):
    arrays = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in ARRAY_SUFFIXES or is_volume(path)
    ]
    try:
        files = [*find_images([folder]), *arrays]
    except ImageFileError:
        files = arrays
    found = {}
    for path in sorted(files):
        if _name(path) in found:
            raise ImageFileError(
                f"{path} and {found[_name(path)]} are both ground truth of "
                f"{_name(path)}; keep one of them"
            )
        found[_name(path)] = path
    return found


def _name(path):
    return path.stem.removesuffix("_labels")


def pair_truth(maps, path, truth_path, *, void="max"):
    """Read ground truth for the pages of one file.

    Parameters
    ----------
    maps : list of ndarray of shape (H, W) or (H, W, C)
        Label maps or images.
    path : Path
        Their file, for messages.
    truth_path : Path
    void : {"max"} or int or None, default="max"
        See `sksegment.io.read_labels`.

    Returns
    -------
    truths : list of list of ndarray of shape (H, W)
        For each page. Several maps for a single page are those of several annotators.

    Raises
    ------
    ImageFileError
        If the numbers or the shapes differ.
    """
    truths = maps_of(truth_path, void)
    if len(maps) == 1:
        groups = [truths]
    elif len(truths) == len(maps):
        groups = [[truth] for truth in truths]
    else:
        raise ImageFileError(
            f"{path} has {len(maps)} pages, but its ground truth {truth_path} has "
            f"{len(truths)}"
        )
    for page, group in zip(maps, groups, strict=True):
        for truth in group:
            if truth.shape != page.shape[:2]:
                raise ImageFileError(
                    f"{path} is {page.shape[0]} x {page.shape[1]}, but its ground "
                    f"truth {truth_path} is {truth.shape[0]} x {truth.shape[1]}"
                )
    return groups


def read_labelled(paths, truth, *, void="max"):
    """Read images and their ground truth.

    Parameters
    ----------
    paths : list of Path
    truth : str or path-like
        See `find_truth`.
    void : {"max"} or int or None, default="max"
        Value of void in the ground truth.

    Returns
    -------
    images : dict of Page to ndarray
    truths : list of list of ndarray of shape (H, W)
        Empty when ``truth`` is None.

    Raises
    ------
    ImageFileError
        If a file cannot be read or does not fit.
    """
    images, truths = {}, []
    files = dict.fromkeys(paths) if truth is None else find_truth(paths, truth)
    for path, truth_path in files.items():
        pages = read_images(path)
        if truth is not None:
            truths += pair_truth(pages, path, truth_path, void=void)
        for index, page in enumerate(pages):
            images[Page(path, index, len(pages))] = page
    return images, truths
