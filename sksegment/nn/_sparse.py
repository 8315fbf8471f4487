"""Products of a constant sparse matrix and a dense tensor, with gradient."""

import torch
from torch.nn.functional import embedding_bag

__all__ = ["SparseOperator", "by_rows", "multiply"]


class SparseOperator:
    """A constant sparse matrix that multiplies dense tensors from the left.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array of shape (n, m)
    device : torch.device or str, default="cpu"

    Notes
    -----
    The matrix and its transpose are both kept by rows, and both products are bags of
    embeddings. They so run without atomic additions, in the same order every time on
    CUDA too, and need no sparse tensors, which not every device has.
    """

    def __init__(self, matrix, device="cpu"):
        self.shape = matrix.shape
        self._rows = by_rows(matrix.tocsr(), device)
        self._columns = by_rows(matrix.T.tocsr(), device)

    def __matmul__(self, dense):
        """Multiply with a float32 tensor of shape (m, k)."""
        return _Product.apply(dense, self._rows, self._columns)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, dense, rows, columns):
        ctx.columns = columns
        return multiply(rows, dense)

    @staticmethod
    def backward(ctx, gradient):
        return multiply(ctx.columns, gradient), None, None


def multiply(rows, dense):
    """Multiply a matrix kept by rows, see `by_rows`, with a dense one."""
    offsets, indices, values = rows
    return embedding_bag(
        indices,
        dense.contiguous(),
        offsets,
        mode="sum",
        per_sample_weights=values.to(dense.dtype),
        include_last_offset=True,
    )


def by_rows(matrix, device):
    """Offsets, column indices and values of a sparse matrix, as tensors."""
    matrix.sort_indices()
    parts = (
        matrix.indptr.astype("int64"),
        matrix.indices.astype("int64"),
        matrix.data.astype("float32"),
    )
    return tuple(torch.from_numpy(part).to(device) for part in parts)
