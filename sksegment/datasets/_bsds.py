"""The Berkeley Segmentation Dataset: its three layouts on disk, and its download."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.io import loadmat
from sklearn.utils import Bunch

from sksegment._image_files import find_images, read_images
from sksegment._typing import PathLike

__all__ = ["PARTS", "bsds_ids", "load_bsds"]

_SUBSETS = ("train", "val", "test")
_PRESENTATIONS = ("color", "gray", "all")

# Where the images and the ground truth may be, below a folder that is named: as it is
# after unpacking, too.
_NESTED = (".", "BSDS300", "BSDS500", "BSR/BSDS500")

_LOOKED_FOR = """\
<subset>/images/ID.jpg with <subset>/labels/ID.npz; \
images/<subset>/ID.jpg with human/color/USER/ID.seg (BSDS300); \
data/images/<subset>/ID.jpg with data/groundTruth/<subset>/ID.mat (BSDS500)"""

_DESCRIPTION = """\
Berkeley Segmentation Dataset, {layout} layout, subset {subset!r}: {n_images} images.

Photographs of 481 x 321 or 321 x 481 pixels, each divided into segments by several
persons. BSDS300 has 200 training and 100 test images; BSDS500 keeps them as "train" and
"val", and its "test" are 200 other images. For non-commercial research and education.

D. Martin, C. Fowlkes, D. Tal, J. Malik, "A database of human segmented natural images
and its application to evaluating segmentation algorithms and measuring ecological
statistics", ICCV 2001. P. Arbelaez, M. Maire, C. Fowlkes, J. Malik, "Contour detection
and hierarchical image segmentation", IEEE TPAMI 33(5), 2011.
"""

PARTS = {"images": "BSDS300-images.tgz", "human": "BSDS300-human.tgz"}


def load_bsds(
    root: PathLike,
    subset: Literal["train", "val", "test"] = "train",
    *,
    image_ids: Sequence[str | int] | None = None,
    presentation: Literal["color", "gray", "all"] = "color",
) -> Bunch:
    """Load images of the Berkeley Segmentation Dataset with all their annotators.

    Parameters
    ----------
    root : str or path-like
        Folder of the dataset, in one of three layouts:

        - ``train/images/ID.jpg`` with ``train/labels/ID.npz``, whose array
          ``segmentations`` has the shape (A, H, W);
        - BSDS300: ``images/train/ID.jpg`` with ``human/color/USER/ID.seg``;
        - BSDS500: ``data/images/train/ID.jpg`` with ``data/groundTruth/train/ID.mat``.

        The folder in which ``BSDS300`` or ``BSR`` was unpacked will do as well.
    subset : {"train", "val", "test"}, default="train"
        Only BSDS500 has "val": the test images of BSDS300.
    image_ids : sequence of str or int, optional
        Ids of the images to load, in this order; no other file is read. By default all,
        in ascending order.
    presentation : {"color", "gray", "all"}, default="color"
        For the layout of BSDS300 only: whether the annotators are taken who saw the
        images in colour, those who saw them in grey, or both.

    Returns
    -------
    data : sklearn.utils.Bunch
        With

        - ``images``, a list of uint8 arrays of shape (H, W, 3);
        - ``targets``, a list of int32 arrays of shape (A, H, W), one segmentation for
          each of A annotators, with the ids of the files;
        - ``ids``, a list of str;
        - ``DESCR``, a str.

    Raises
    ------
    FileNotFoundError
        If ``root``, the subset in it, or the image or ground truth of some ids is
        missing; the message names them and where they should be.
    ValueError
        If the layout, the subset or an id is unknown, a file cannot be read, an image
        has no annotators, or ground truth has another shape than its image.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sksegment.datasets import load_bsds
    >>> from sksegment.io import write_image
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for kind in ("images", "labels"):
    ...         pathlib.Path(root, "test", kind).mkdir(parents=True)
    ...     segmentations = np.zeros((5, 8, 9), np.uint16)
    ...     np.savez(f"{root}/test/labels/3096.npz", segmentations=segmentations)
    ...     write_image(f"{root}/test/images/3096.jpg", np.zeros((8, 9, 3), np.uint8))
    ...     data = load_bsds(root, "test")
    >>> data.ids, data.images[0].shape, data.targets[0].shape
    (['3096'], (8, 9, 3), (5, 8, 9))
    """
    if presentation not in _PRESENTATIONS:
        known = ", ".join(_PRESENTATIONS)
        raise ValueError(f"presentation={presentation!r} is none of {known}")
    layout = _find_layout(Path(root), subset, presentation)
    ids = _choose_ids(layout, image_ids)
    truth_files = _find_truth(layout, ids)
    images = [_read_rgb(layout.images[id_]) for id_ in ids]
    maps = [_read_truth(id_, truth_files[id_]) for id_ in ids]
    _check_shapes(ids, images, maps)
    return Bunch(
        images=images,
        targets=[np.stack(of_image).astype(np.int32, copy=False) for of_image in maps],
        ids=ids,
        DESCR=_DESCRIPTION.format(layout=layout.name, subset=subset, n_images=len(ids)),
    )


def bsds_ids(
    root: PathLike, subset: Literal["train", "val", "test"] = "train"
) -> list[str]:
    """List the ids of a subset of the Berkeley Segmentation Dataset.

    Parameters
    ----------
    root : str or path-like
        As for `load_bsds`.
    subset : {"train", "val", "test"}, default="train"

    Returns
    -------
    ids : list of str
        In the order in which `load_bsds` loads them; no file is read.
    """
    return list(_find_layout(Path(root), subset, "color").images)


@dataclass(frozen=True)
class _Layout:
    """The files of one subset.

    ``images`` maps ids to paths, ``truth`` ids to lists of paths, and ``place`` says
    where the ground truth of an id is expected.
    """

    name: str
    images: dict
    truth: dict
    place: str


def _find_layout(root, subset, presentation):
    if subset not in _SUBSETS:
        known = ", ".join(map(repr, _SUBSETS))
        raise ValueError(f"subset={subset!r} is unknown; choose from {known}")
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: there is no such folder")
    for base in (root / nested for nested in _NESTED):
        if any((base / name / "images").is_dir() for name in ("train", "test")):
            return _npz_layout(base, subset)
        data = base if (base / "groundTruth").is_dir() else base / "data"
        if (data / "images").is_dir():
            return _bsds500_layout(data, subset)
        if (base / "images").is_dir():
            return _bsds300_layout(base, subset, presentation)
    raise ValueError(
        f"{root} has none of the three layouts of the dataset: {_LOOKED_FOR}; name the "
        "folder these are in"
    )


def _npz_layout(base, subset):
    labels = base / subset / "labels"
    images = _images_of(base / subset / "images", subset)
    return _Layout("npz", images, _by_id([*labels.glob("*.npz")]), f"{labels}/ID.npz")


def _bsds500_layout(data, subset):
    labels = data / "groundTruth" / subset
    images = _images_of(data / "images" / subset, subset)
    truth = _by_id([*labels.glob("*.mat")])
    return _Layout("BSDS500", images, truth, f"{labels}/ID.mat")


def _bsds300_layout(base, subset, presentation):
    human = base / "human"
    folder = "*" if presentation == "all" else presentation
    images = _images_of(base / "images" / subset, subset)
    listed = base / f"iids_{subset}.txt"
    if listed.is_file():
        ids = listed.read_text(encoding="ascii", errors="replace").split()
        missing = [id_ for id_ in ids if id_ not in images]
        if missing:
            raise FileNotFoundError(
                f"{listed} names images that are not in {base / 'images' / subset}: "
                f"{_some(missing)}; unpack {PARTS['images']} again"
            )
        images = {id_: path for id_, path in images.items() if id_ in ids}
    truth = _by_id(sorted(human.glob(f"{folder}/*/*.seg")))
    return _Layout("BSDS300", images, truth, f"{human}/{folder}/USER/ID.seg")


def _images_of(folder, subset):
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no subset {subset!r}: {folder} is missing")
    return {path.stem: path for path in find_images([folder])}


def _by_id(paths):
    truth = {}
    for path in paths:
        truth.setdefault(path.stem, []).append(path)
    return truth


def _choose_ids(layout, image_ids):
    if image_ids is None:
        return list(layout.images)
    if isinstance(image_ids, (str, int, np.integer)):
        image_ids = [image_ids]
    ids = [str(id_) for id_ in image_ids]
    unknown = [id_ for id_ in ids if id_ not in layout.images]
    if unknown or not ids:
        folder = next(iter(layout.images.values())).parent
        what = f"no image has the id {_some(unknown)}" if ids else "image_ids is empty"
        raise ValueError(f"{what}; there are {len(layout.images)} images in {folder}")
    return ids


def _find_truth(layout, ids):
    missing = [id_ for id_ in ids if id_ not in layout.truth]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(ids)} images have no ground truth: "
            f"{_some(missing)}; it is expected in {layout.place}"
        )
    return layout.truth


def _some(ids):
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")


def _read_rgb(path):
    image = read_images(path)[0]
    if image.ndim == 2:
        image = np.repeat(image[..., np.newaxis], 3, axis=2)
    if image.dtype != np.uint8 or image.shape[2:] != (3,):
        raise ValueError(
            f"{path} is {image.dtype} of shape {image.shape}; expected uint8 (H, W, 3)"
        )
    return image


def _check_shapes(ids, images, maps):
    wrong = []
    for id_, image, of_image in zip(ids, images, maps, strict=True):
        height, width = image.shape[:2]
        shapes = {map_.shape for map_ in of_image} - {(height, width)}
        if shapes:
            found = " and ".join("x".join(map(str, shape)) for shape in sorted(shapes))
            wrong.append(f"{id_} ({height}x{width}, ground truth {found})")
    if wrong:
        raise ValueError(
            f"ground truth has another shape than its image: {_some(wrong)}; one of "
            "the two files is of another image, or turned or scaled"
        )


def _read_truth(id_, paths):
    """Read the label maps of all annotators of one image."""
    readers = {".npz": _read_npz, ".mat": _read_mat, ".seg": _read_seg}
    maps = [map_ for path in paths for map_ in readers[path.suffix](path)]
    if not maps:
        raise ValueError(f"image {id_} has no annotators: {paths[0]} is empty")
    return [_check_map(paths[0], np.asarray(map_)) for map_ in maps]


def _check_map(path, map_):
    # MATLAB makes floats of labels unless it is told not to.
    whole = map_.dtype.kind == "f" and (map_ == np.floor(map_)).all()
    if map_.ndim != 2 or not (whole or map_.dtype.kind in "iub"):
        raise ValueError(
            f"{path} holds {map_.dtype} of shape {map_.shape}; expected label maps of "
            "shape (H, W), of integers"
        )
    return map_


def _read_npz(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            array = file["segmentations"]
    except KeyError as error:
        raise ValueError(f"{path} has no array 'segmentations'") from error
    # A damaged zip file raises what its decoder does, from EOFError to zlib.error.
    except Exception as error:
        raise ValueError(f"{path} is no .npz file that can be read: {error}") from error
    return list(array if array.ndim == 3 else array[np.newaxis])


def _read_mat(path):
    try:
        cells = loadmat(path)["groundTruth"]
    except KeyError as error:
        raise ValueError(f"{path} has no cell array 'groundTruth'") from error
    except NotImplementedError as error:
        raise ValueError(
            f"{path} is of version 7.3, which cannot be read; save it with -v7"
        ) from error
    # SciPy's reader raises whatever it stumbles over, from TypeError to zlib.error.
    except Exception as error:
        raise ValueError(f"{path} is no MATLAB file: {error}") from error
    try:
        return [cell["Segmentation"].item() for cell in cells.ravel()]
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: 'groundTruth' is no cell array of structures with a field "
            "'Segmentation'"
        ) from error


def _read_seg(path):
    """Read one annotator's file: a header, and a row of numbers for every run."""
    head, mark, data = path.read_text(encoding="latin-1").partition("\ndata\n")
    # What follows a # is a comment.
    lines = [line.partition("#")[0].split(None, 1) for line in head.splitlines()]
    header = dict(line for line in lines if len(line) == 2)
    try:
        width, height = int(header["width"]), int(header["height"])
        if not mark:
            raise ValueError("no line 'data'")
        runs = np.array(data.split(), dtype=np.int64).reshape(-1, 4)
    except (KeyError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{path} is no segmentation: it needs a header with width and height, a "
            "line 'data', and rows 'segment row first-column last-column'"
        ) from error
    return [_paint_runs(path, runs, (height, width))]


def _paint_runs(path, runs, shape):
    """Make a label map of rows ``segment row first-column last-column``."""
    segments, rows, first, last = runs.T
    lengths = last - first + 1
    inside = (rows >= 0) & (rows < shape[0]) & (first >= 0) & (last < shape[1])
    size = shape[0] * shape[1]
    if not inside.all() or (lengths < 1).any() or lengths.sum() != size:
        raise ValueError(
            f"{path}: the runs do not cover each of the {shape[0]}x{shape[1]} pixels "
            "once; copy the file again"
        )
    # Pixel by pixel: the start of its run, and its place within the run.
    starts = np.repeat(rows * shape[1] + first - np.cumsum(lengths) + lengths, lengths)
    pixels = starts + np.arange(size)
    labels = np.full(size, -1, np.int32)
    labels[pixels] = np.repeat(segments, lengths)
    if (labels < 0).any():
        raise ValueError(f"{path}: some pixels belong to two segments, some to none")
    return labels.reshape(shape)
