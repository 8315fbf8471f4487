"""Means over superpixels of the soft labels of their pixels, from logits in one go."""

import torch

from sksegment.nn._sparse import by_rows, multiply

__all__ = ["SoftmaxPooling"]

# Rows of the grid that make a block of about so many pixels: with 32 labels 1 MiB in
# float32, which the cache of one core holds from the softmax to the sum.
_BLOCK_PIXELS = 8192


class SoftmaxPooling:
    r"""Means over superpixels, of soft labels from logits or of any values of pixels.

    .. math:: \hat f_I = \sum_i P_{Ii} \, \mathrm{softmax}(z_i)

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, h * w)
        Share P of every pixel of the grid in every superpixel, see
        `sksegment.regions.pooling_matrix`.
    grid_shape : (int, int)
        Height and width of the grid, (h, w).
    device : torch.device or str, default="cpu"

    Notes
    -----
    The soft labels of the pixels are never kept: on a CPU, where memory is what bounds
    them, they are made again in the backward pass, block by block of rows of the grid.
    The sums are bags of embeddings in a fixed order, as in `SparseOperator`.
    """

    def __init__(self, matrix, grid_shape, device="cpu"):
        self.shape = matrix.shape
        self.grid_shape = tuple(grid_shape)
        self._blocks = [*_split(matrix, self.grid_shape, torch.device(device))]

    def means_of_softmax(self, z):
        """Means of the softmax over channels, with gradient.

        Parameters
        ----------
        z : tensor of shape (1, K, h, w)
            Logits of any precision; the sums are in float32 at least.

        Returns
        -------
        f : tensor of shape (n, K)
        """
        return _MeansOfSoftmax.apply(z, self)

    def __matmul__(self, values):
        """Means of values of the pixels, (h * w, k), without gradient."""
        width = self.grid_shape[1]
        parts = (values[b.first * width : b.last * width] for b in self._blocks)
        return self._add_up(parts, values)

    @torch.no_grad()
    def _add_up(self, parts, like):
        total = like.new_zeros((self.shape[0], like.shape[1]))
        for block, part in zip(self._blocks, parts, strict=True):
            total[block.regions] += multiply(block.rows, part)
        return total


class _MeansOfSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, pooling):
        ctx.save_for_backward(z)
        ctx.pooling = pooling
        softs = (_softmax(z, block) for block in pooling._blocks)
        return pooling._add_up(softs, z.new_empty((0, z.shape[1]), dtype=_precise(z)))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        (z,) = ctx.saved_tensors
        _, n_labels, height, width = z.shape
        result = z.new_empty((height, width, n_labels))
        for block in ctx.pooling._blocks:
            f = _softmax(z, block)
            slope = multiply(block.columns, gradient[block.regions])
            slope = f * (slope - (slope * f).sum(dim=1, keepdim=True))
            result[block.first : block.last] = slope.unflatten(0, (-1, width))
        return result.permute(2, 0, 1)[None], None


def _precise(z):
    return torch.promote_types(z.dtype, torch.float32)


def _softmax(z, block):
    """Soft labels of the pixels of a block, (m, K)."""
    pixels = z[0, :, block.first : block.last].permute(1, 2, 0).flatten(0, 1)
    return torch.softmax(pixels, dim=1, dtype=_precise(z))


class _Block:
    """Some rows of the grid, and the superpixels that have pixels there."""

    def __init__(self, first, last, matrix, device):
        self.first, self.last = first, last
        regions = matrix.indptr[1:] > matrix.indptr[:-1]
        part = matrix[regions.nonzero()[0]]
        self.regions = torch.from_numpy(regions.nonzero()[0]).to(device)
        self.rows = by_rows(part, device)
        self.columns = by_rows(part.T.tocsr(), device)


def _split(matrix, grid_shape, device):
    height, width = grid_shape
    # A GPU wants few large calls, and has the bandwidth for them.
    step = max(1, _BLOCK_PIXELS // width) if device.type == "cpu" else height
    pixels = matrix.T.tocsr()
    for first in range(0, height, step):
        last = min(first + step, height)
        own = pixels[first * width : last * width].T.tocsr()
        yield _Block(first, last, own, device)
