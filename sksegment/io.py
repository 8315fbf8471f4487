"""Models, images and label maps on disk."""

from sksegment._image_files import ImageFileError, find_images, read_images
from sksegment._label_files import read_labels
from sksegment._model_file import ModelFileError
from sksegment._output_files import write_image, write_labels
from sksegment._persistence import restore_segmenter
from sksegment._scribble_files import read_scribbles
from sksegment._typing import PathLike
from sksegment.patches import PatchSampler
from sksegment.segmenters import DenseWNetSegmenter, SparseWNetSegmenter
from sksegment.superpixels import SuperpixelTransformer
from sksegment.training import choose_device

__all__ = [
    "ImageFileError",
    "ModelFileError",
    "find_images",
    "load_model",
    "read_images",
    "read_labels",
    "read_scribbles",
    "write_image",
    "write_labels",
]


def __dir__():
    return __all__


_CLASSES = {
    cls.__name__: cls
    for cls in (
        SparseWNetSegmenter,
        DenseWNetSegmenter,
        SuperpixelTransformer,
        PatchSampler,
    )
}

# What a header raises that is no header, or is one of other tensors.
_MISFITS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


def load_model(
    path: PathLike, *, device: str | None = None
) -> SparseWNetSegmenter | DenseWNetSegmenter:
    """Load a model that was saved by an estimator's ``save``.

    Nothing in the file is executed: it holds numbers and a JSON header.

    Parameters
    ----------
    path : str or path-like
    device : str, optional
        Where to compute. By default as saved, or "auto" where this machine has no
        such device.

    Returns
    -------
    model : SparseWNetSegmenter or DenseWNetSegmenter
        Fitted: it predicts as before, and `partial_fit` goes on training.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is damaged, foreign, or written by a newer version.
    ValueError
        If ``device`` cannot be used here.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skimage.data import camera
    >>> from sksegment import SparseWNetSegmenter
    >>> from sksegment.io import load_model
    >>> images = [camera()[::8, ::8]]
    >>> model = SparseWNetSegmenter(max_epochs=1, base_channels=4, random_state=0)
    >>> _ = model.fit(images)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(pathlib.Path(folder) / "model.safetensors")
    ...     again = load_model(pathlib.Path(folder) / "model.safetensors")
    >>> bool((again.predict(images)[0] == model.labels_[0]).all())
    True
    """
    if device is not None:
        choose_device(device)
    try:
        return restore_segmenter(path, _CLASSES, device)
    except ModelFileError:
        raise
    except _MISFITS as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelFileError(f"{path} does not fit together: {reason}") from error
