"""What several commands do with a model: join its classes, label a file."""

import time
from types import MappingProxyType

import numpy as np

from sksegment._image_files import ImageFileError, read_images
from sksegment._pages import Page, naming_images, naming_warnings
from sksegment._validation import check_images
from sksegment.segmenters._before import image_digests

__all__ = ["label_file", "labels_of_training", "merge_classes", "merge_learnt"]


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
    if n_classes != "auto" and n_classes > model._n_learnt:
        raise ImageFileError(
            f"{name}: {model._n_learnt} class(es) were learnt, fewer than --classes "
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


def labels_of_training(model, images):
    """Labels that images have from the fit.

    Parameters
    ----------
    model : SparseWNetSegmenter
    images : dict of Page to ndarray
        What it was trained on.

    Returns
    -------
    known : dict of Page to ndarray of shape (H, W), int32
        Empty where the file of the model did not tell which images it was trained on.
    """
    batch = check_images([*images.values()], field=model._field)
    if model._image_digests != image_digests(batch.images):
        return {}
    return dict(zip(images, model.labels_, strict=True))


def label_file(model, path, outputs, log, known=MappingProxyType({})):
    """Label all images of a file and write the results.

    Parameters
    ----------
    model : SparseWNetSegmenter or DenseWNetSegmenter
    path : Path
    outputs : Outputs
    log : Log
        The file is given up there if it cannot be used.
    known : dict of Page to ndarray of shape (H, W), optional
        Labels that need not be found again.
    """
    if path in log.failed:
        return
    start = time.perf_counter()
    with log.guard(path), naming_warnings([path]):
        images = read_images(path)
        maps = []
        shapes = [image.shape for image in images]
        log.tell_memory(f"labelling {path}", model, shapes)
        for index, image in enumerate(images):
            page = Page(path, index, len(images))
            if page in known:
                maps.append(known[page])
                continue
            with naming_images([page]):
                maps += model.predict([image])
        outputs.write(path, images, maps)
        log.n_images += len(maps)
        n_labels = len(set().union(*(np.unique(page[page >= 0]) for page in maps)))
        kind = "classes" if model.n_regions is None else "regions"
        seconds = time.perf_counter() - start
        log.say(f"{path}: {n_labels} {kind}, {seconds:.1f} s")
