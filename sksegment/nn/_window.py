"""Products of the affinities of nearby pixels with values of the pixels."""

import numpy as np
import torch
from scipy import sparse

__all__ = ["WindowOperator", "overlap"]

# Values that a strip of rows may have to be worked on within the cache of a core.
_STRIP = 2**18


class WindowOperator:
    """A constant symmetric matrix whose entries are between nearby pixels only.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image.
    offsets : sequence of (int, int)
        Rows down and columns to the right of the second pixel of a pair; one of every
        opposite pair of offsets, and none of them (0, 0). Down is never negative.
    weights : sequence of tensor
        For every offset (dy, dx), the entries of all its pairs: a tensor of shape
        (height - dy, width - abs(dx)).

    Attributes
    ----------
    shape : (int, int)
        (P, P), for P pixels in the order of their rows.

    Notes
    -----
    The diagonal is 1. Entries are stored once for the two halves of the matrix and
    without indices: four bytes for a pair of pixels, where a compressed sparse matrix
    and its transpose take 24 and more. A product goes through strips of rows that fit
    into the cache, in the same order every time.
    """

    def __init__(self, shape, offsets, weights):
        height, width = shape
        self.image_shape = (height, width)
        self.shape = (height * width, height * width)
        self.offsets = [tuple(offset) for offset in offsets]
        self.weights = list(weights)

    def to(self, device):
        """Copy to a device."""
        weights = [weight.to(device) for weight in self.weights]
        return WindowOperator(self.image_shape, self.offsets, weights)

    def __matmul__(self, dense):
        """Multiply with a tensor of shape (P, k)."""
        return _WindowProduct.apply(dense, self)

    def multiply(self, dense):
        """Multiply with a tensor of shape (P, k), without gradient."""
        values = dense.reshape(*self.image_shape, -1)
        total = values.clone()
        height, width = self.image_shape
        step = height
        if not values.is_cuda:
            step = max(1, _STRIP // (width * values.shape[-1]))
        for top in range(0, height, step):
            for offset, weight in zip(self.offsets, self.weights, strict=True):
                _add_strip(total, values, offset, weight, slice(top, top + step))
        return total.reshape(dense.shape)

    def tocsr(self):
        """Copy to a sparse matrix of SciPy.

        Returns
        -------
        matrix : scipy.sparse.csr_array of shape (P, P), float32
        """
        numbers = np.arange(self.shape[0]).reshape(self.image_shape)
        half = sparse.csr_array(self.shape, dtype=np.float32)
        for offset, weight in zip(self.offsets, self.weights, strict=True):
            here, there = overlap(self.image_shape, offset)
            places = (numbers[here].ravel(), numbers[there].ravel())
            half += sparse.coo_array((weight.cpu().numpy().ravel(), places), self.shape)
        return (half + half.T + sparse.eye_array(*self.shape, dtype=np.float32)).tocsr()


class _WindowProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx, dense, operator):
        ctx.operator = operator
        return operator.multiply(dense)

    @staticmethod
    def backward(ctx, gradient):
        # The matrix is its own transpose.
        return ctx.operator.multiply(gradient), None


def overlap(shape, offset):
    """Slices of the pixels that have a neighbour at an offset, and of those.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image.
    offset : (int, int)
        Rows down, never negative, and columns to the right of the neighbour.

    Returns
    -------
    here, there : (slice, slice)
        Rows and columns of the pixels, and of their neighbours in the same order.
    """
    (height, width), (dy, dx) = shape, offset
    left, right = max(0, -dx), max(0, dx)
    here = np.s_[: height - dy, left : width - right]
    there = np.s_[dy:, right : width - left]
    return here, there


def _add_strip(total, values, offset, weight, rows):
    """Add what the pixels of some rows and their neighbours give each other."""
    weight = weight[rows, :, None].to(values.dtype)
    if len(weight) == 0:
        return
    (_, columns), (_, others) = overlap(values.shape[:2], offset)
    here = np.s_[rows.start : rows.start + len(weight), columns]
    there = np.s_[rows.start + offset[0] : rows.start + offset[0] + len(weight), others]
    total[here].addcmul_(weight, values[there])
    total[there].addcmul_(weight, values[here])
