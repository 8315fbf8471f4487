"""Label whole stacks, slice by slice, so that a run can be interrupted."""

from collections.abc import Sequence
from typing import Any

from sksegment._typing import PathLike
from sksegment.stacks._run import run_stack

__all__ = ["predict_stack"]


def predict_stack(
    model: Any,
    source: Any,
    out: PathLike | None = None,
    *,
    axes: str | None = None,
    dataset: str | None = None,
    along: str | Sequence[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    client: Any = None,
    progress: bool = True,
) -> Any:
    """Label a volume, a stack of images or a video in flat memory.

    Every slice gets the labels that ``model.predict`` gives it, bit for bit. A slice
    that is damaged, or that the model refuses, is left void with a warning, and the run
    goes on. Void, too, is one in which a mask that is a function finds nothing.

    Parameters
    ----------
    model : estimator
        A fitted segmenter, or a `sklearn.pipeline.Pipeline` that ends in one.
    source : str, path-like, array-like, sequence or Stack
        Anything `open_stack` opens.
    out : str or path-like, optional
        Where to write; nothing appears there before all is complete. What is written
        follows from the suffix:

        - ``.tif``, ``.tiff``: OME-TIFF with the voxel size, for ImageJ and Fiji;
        - ``.zarr``: OME-Zarr, its array ``0`` has a slice a chunk;
        - ``.npy``: an array for `numpy.load`;
        - ``.mp4``, ``.mkv``, ``.avi``, ``.gif``: slices under the colours of their
          classes, as many a second as in the video they are of, else 25;
        - none, or a folder that exists: an image a slice, named as those of the input.

        Ids are unchanged, in uint8 if the largest is at most 254, else in uint16; void
        is the largest number of the dtype, as of `sksegment.io.write_labels`.
    axes, dataset : str, optional
        See `open_stack`.
    along : {"z", "y", "x", "t"} or tuple of them, optional
        Axis to slice along; by default the stack's own, z or t. With several, e.g.
        ``("z", "y", "x")``, the volume is labelled along each, and every voxel gets the
        label that most of them give; where they all differ, the first counts. A model
        of regions, or with an array as its mask, is refused then. The output has the
        orientation of the input anyway.
    resume : bool, default=False
        Go on with a run into ``out`` that was interrupted, even by a kill. Its finished
        slices are in a file beside the output, or in the output folder, which ends in
        ``.partial``. Without one, begin. A ``.tif`` or ``.zarr`` that this run has
        completed stays as it is.
    overwrite : bool, default=False
        Replace an output that exists, or begin anew although there is a run to go on
        with, and whatever ``resume`` says. Nothing else is removed: a folder with more
        label maps, of an earlier run of more slices, is refused.
    client : dask.distributed.Client, optional
        Label on its workers, which get the model once and need access to the files of
        the source; this process writes. The loss of a worker costs the slices it was
        working on. Torch gets as many threads there as it has here, since the last bits
        depend on them: with several workers on a machine, set ``OMP_NUM_THREADS=1``
        here too.
    progress : bool, default=True
        Show a bar on stderr.

    Returns
    -------
    labels : ndarray of shape (n, H, W), int32, or pathlib.Path, or dask.array.Array
        The path where ``out`` is one. Without it the labels, -1 where void; lazy where
        the source is a dask array, in chunks of whole slices.

    Raises
    ------
    ValueError
        If the source cannot be read, no slice can be labelled, there is no such axis or
        kind of output, an option has no meaning without ``out``, or the run to be
        resumed had another input, model or axis; the message says how to go on. So far
        nothing is written.
    FileExistsError
        If there is an output or an unfinished run, and neither ``resume`` nor
        ``overwrite`` says what to do with it.
    OSError
        If the output cannot be written, e.g. since the disk is full; finished slices
        are kept for ``resume``.

    See Also
    --------
    open_stack : What can be labelled.
    sksegment.io.read_labels : Read label maps.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sksegment import KMeansPixelSegmenter
    >>> from sksegment.io import read_labels
    >>> from sksegment.stacks import predict_stack
    >>> volume = np.random.default_rng(0).integers(0, 255, (5, 32, 40), np.uint8)
    >>> model = KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[2:3])
    >>> labels = predict_stack(model, volume, progress=False)
    >>> labels.shape, bool((labels == model.predict(volume)).all())
    ((5, 32, 40), True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = pathlib.Path(folder) / "labels.tif"
    ...     path = predict_stack(model, volume, out, progress=False)
    ...     len(read_labels(path))
    5
    """
    if out is None and hasattr(source, "dask") and hasattr(source, "map_blocks"):
        from sksegment.stacks._lazy import lazy_labels

        _check_lazy(dataset=dataset, resume=resume, overwrite=overwrite, client=client)
        return lazy_labels(model, source, axes=axes, along=along)
    run = run_stack(
        model,
        source,
        out,
        axes=axes,
        dataset=dataset,
        along=along,
        resume=resume,
        overwrite=overwrite,
        client=client,
        progress=progress,
    )
    return run.labels if out is None else run.path


def _check_lazy(**options):
    unused = [f"{name}=" for name, value in options.items() if value]
    if unused:
        raise ValueError(
            f"{' and '.join(unused)} cannot be used for a dask array without out=: its "
            "labels are computed later, by any client; leave out what is named"
        )
