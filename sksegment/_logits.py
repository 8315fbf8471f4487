"""Logits of images window by window, and smaller windows where memory runs out."""

import copy
import weakref
from dataclasses import dataclass
from itertools import product

import torch

from sksegment._warn import warn_user
from sksegment.training import TensorGrid, window_logits

__all__ = ["is_out_of_memory", "logits_of", "logits_of_window", "windows"]

# Below this, most of a window is what surrounds it.
_SMALLEST = 128
_SIDE_ON_CPU = 1024


@dataclass
class _Room:
    """What a net has found out about memory: longest side of a window, and where."""

    side: int | None = None
    on_cpu: bool = False
    encoder: torch.nn.Module | None = None


_ROOMS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def is_out_of_memory(error):
    """Whether an error says that there is no memory left, on whatever device."""
    kinds = (MemoryError, getattr(torch, "OutOfMemoryError", MemoryError))
    text = str(error)
    return isinstance(error, kinds) or (
        isinstance(error, RuntimeError)
        and ("out of memory" in text or "can't allocate memory" in text)
    )


def windows(shape, side):
    """Cut a grid into windows.

    Parameters
    ----------
    shape : (int, int)
    side : int
        Longest side of a window.

    Returns
    -------
    windows : list of (slice, slice)
        Rows and columns; together the grid, none twice.
    """
    return [*product(*([*_cut(0, length, side)] for length in shape))]


def _cut(start, stop, side):
    n_parts = max(1, -(-(stop - start) // side))
    for part in range(n_parts):
        yield slice(
            start + part * (stop - start) // n_parts,
            start + (part + 1) * (stop - start) // n_parts,
        )


def logits_of(net, grid):
    """Logits of an image, in one go as long as there is memory for that.

    Parameters
    ----------
    net : SegmentationNet
    grid : tensor of shape (1, C, h, w)
        See `sksegment.training.to_grid`.

    Returns
    -------
    z : tensor of shape (1, K, h, w), float32
        On the device of the net, or on the CPU where its memory has run out.
    """
    shape = tuple(grid.shape[-2:])
    if net not in _ROOMS:
        try:
            return net.evaluation_step(grid)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            _make_room(net, max(shape), error)
    return logits_of_window(net, TensorGrid(grid), *map(slice, (0, 0), shape))


def logits_of_window(net, grid, rows, columns):
    """Logits of a window; where memory runs out, of smaller ones, then on the CPU.

    Parameters
    ----------
    net : SegmentationNet
    grid : TensorGrid or LazyGrid
    rows, columns : slice
        Both with beginning and end.

    Returns
    -------
    z : tensor of shape (1, K, number of rows, number of columns), float32
    """
    longest = max(rows.stop - rows.start, columns.stop - columns.start)
    room = _ROOMS.get(net)
    if room is not None and longest > room.side:
        parts = [
            torch.cat(
                [
                    logits_of_window(net, grid, part_rows, part_columns).cpu()
                    for part_columns in _cut(columns.start, columns.stop, room.side)
                ],
                dim=3,
            )
            for part_rows in _cut(rows.start, rows.stop, room.side)
        ]
        return torch.cat(parts, dim=2)
    try:
        return window_logits(net, _encoder(net, room), grid, rows, columns)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _make_room(net, longest, error)
    return logits_of_window(net, grid, rows, columns)


def _encoder(net, room):
    if room is None or not room.on_cpu:
        return net._fused_encoder()
    if room.encoder is None:
        room.encoder = copy.deepcopy(net.module_.encoder).cpu().fused(torch.float32)
    return room.encoder


def _is_cpu(net):
    return torch.device(net.device).type == "cpu"


def _make_room(net, side, error):
    """Note that windows of a side were too large; raise the error if nothing helps."""
    room = _ROOMS.get(net, _Room())
    if side // 2 >= _SMALLEST:
        room.side = side // 2
    elif not _is_cpu(net) and not room.on_cpu:
        room.side, room.on_cpu = _SIDE_ON_CPU, True
    else:
        raise error
    if net not in _ROOMS:
        _ROOMS[net] = room
        warn_user(
            f"{net.device} has no memory left for windows of {side} pixels; smaller "
            "ones are taken, and the CPU if that does not help",
            RuntimeWarning,
        )
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
