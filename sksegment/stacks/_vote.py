"""Label maps of the output from those of the cuts, which may have other axes."""

import numpy as np

from sksegment.stacks._encoding import void_of

__all__ = ["majority", "output_pages"]

# Slices along another axis cross all pages of the output. So many bytes of pages are
# put together at a time, and the slices read once for each time.
_BLOCK_BYTES = 128 * 2**20


def output_pages(journal, cuts, dtype):
    """Put the label maps of the output together, one after the other.

    Parameters
    ----------
    journal : Journal
    cuts : Cuts
        Where there are several axes, every voxel gets the label that most have.
    dtype : numpy.dtype

    Yields
    ------
    page : ndarray of shape (H, W)
        Void where the journal has no label map.
    """
    volumes = [
        _pages_of(journal, view, start, cuts.stack, dtype)
        for view, start in zip(cuts.views, cuts.starts, strict=True)
    ]
    for pages in zip(*volumes, strict=True):
        yield pages[0] if len(pages) == 1 else majority(pages)


def majority(maps):
    """Label that most maps have.

    Parameters
    ----------
    maps : sequence of ndarray of shape (...), of one dtype

    Returns
    -------
    labels : ndarray of shape (...)
        Where several labels have as many votes, that of the first map among them.
        Void does not vote.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.stacks._vote import majority
    >>> majority([np.array([1, 1, -1]), np.array([2, 3, 4]), np.array([2, 5, -1])])
    array([2, 1, 4])
    """
    maps = np.stack(maps)
    votes = np.stack([(maps == one).sum(axis=0, dtype=np.int8) for one in maps])
    votes[maps == void_of(maps.dtype)] = 0
    chosen = votes.argmax(axis=0)
    return np.take_along_axis(maps, chosen[np.newaxis], axis=0)[0]


def _pages_of(journal, view, start, stack, dtype):
    """Pages in the orientation of ``stack`` from the label maps of one view."""
    n_pages, height, width = stack.shape[:3]
    position = stack.axes.index(view.axes[0])
    kept = stack.axes[:3].replace(view.axes[0], "")
    turned = kept != view.axes[1:3]
    empty = np.full(view.shape[1:3], void_of(dtype), dtype)
    n_at_once = 1
    if position != 0:
        n_at_once = max(1, _BLOCK_BYTES // (height * width * dtype.itemsize))
    for first in range(0, n_pages, n_at_once):
        last = min(first + n_at_once, n_pages)
        block = np.empty((last - first, height, width), dtype)
        slots = np.moveaxis(block, position, 0)
        numbers = range(first, last) if position == 0 else range(len(view))
        for slot, index in zip(slots, numbers, strict=True):
            page = journal.read(start + index, dtype)
            page = empty if page is None else page
            page = page.T if turned else page
            slot[...] = page if position == 0 else page[first:last]
        yield from block
        # Gone before the next one is made.
        del block, slots, slot
