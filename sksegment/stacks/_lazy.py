"""Labels of a dask array as a dask array, of which nothing is computed yet."""

import copy

import numpy as np

from sksegment._warn import warn_user
from sksegment.stacks._axes import settle_axes
from sksegment.stacks._checks import check_model, check_vote
from sksegment.stacks._cuts import Cuts
from sksegment.stacks._dask import limited_to, torch_threads
from sksegment.stacks._digest import model_digest
from sksegment.stacks._label_slices import label_image
from sksegment.stacks._open import open_stack
from sksegment.stacks._vote import majority

__all__ = ["lazy_labels"]


def lazy_labels(model, array, *, axes=None, along=None):
    """Label a dask array when the result is computed.

    Parameters
    ----------
    model : estimator
    array : dask.array.Array of shape (n, H, W) or (n, H, W, C)
    axes : str, optional
        See `open_stack`.
    along : str or tuple of str, optional
        See `sksegment.stacks.predict_stack`.

    Returns
    -------
    labels : dask.array.Array of shape (n, H, W), int32
        A chunk is of whole slices, as many as a chunk of the array has.
    """
    import dask

    stack = open_stack(array, axes=axes)
    cuts = Cuts.of(stack, along)
    check_model(model, stack)
    check_vote(model, cuts)
    letters = settle_axes(stack.source, array.shape, axes=axes)
    # As a task of its own the model is in the graph once, not in every chunk; a copy,
    # so that what is asked for now does not change when the model does.
    name = f"sksegment-model-{model_digest(model)}"
    model = dask.delayed(copy.deepcopy(model), name=name, traverse=False)
    volumes = []
    for view in cuts.views:
        labels = _label_slices(model, _turn(array, letters, view.axes))
        volumes.append(_turn(labels, view.axes[:3], stack.axes[:3]))
    return volumes[0] if len(volumes) == 1 else _vote(volumes)


def _turn(array, letters, wanted):
    """Bring axes into another order; those that are not wanted have one position."""
    kept = [letter for letter in letters if letter in wanted]
    array = array[tuple(slice(None) if x in wanted else 0 for x in letters)]
    return array.transpose([kept.index(letter) for letter in wanted])


def _label_slices(model, array):
    array = array.rechunk(dict.fromkeys(range(1, array.ndim), -1))
    return array.map_blocks(
        _label_block,
        model=model,
        n_threads=torch_threads(),
        dtype=np.int32,
        drop_axis=[*range(3, array.ndim)],
        meta=np.empty((0, 0, 0), np.int32),
    )


def _label_block(block, model, n_threads, block_info=None):
    first = block_info[0]["array-location"][0][0]
    labels = np.full(block.shape[:3], -1, np.int32)
    with limited_to(n_threads):
        for index, (place, image) in enumerate(zip(labels, block, strict=True), first):
            found, error = label_image(model, image)
            if error is None:
                place[...] = found
            else:
                warn_user(f"slice {index}: {error} (its labels are void)")
    return labels


def _vote(volumes):
    import dask.array as da

    chunks = volumes[0].chunks
    return da.map_blocks(
        _vote_block, *(volume.rechunk(chunks) for volume in volumes), dtype=np.int32
    )


def _vote_block(*maps):
    return majority(maps)
