"""Scribbles: hints of a user, where there are any."""

import torch
from torch.nn.functional import nll_loss

__all__ = ["UNKNOWN", "scribble_loss"]

#: Class of superpixels and pixels without a scribble.
UNKNOWN = -1
# Shares below have no gradient. A net that is sure of another class soon gives 1e-10,
# so it is nearly as small as float32 knows.
_SMALLEST = 1e-30


def scribble_loss(f: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    r"""Cross entropy of what carries a scribble with the class of that scribble.

    .. math:: L = -\frac{1}{|S|} \sum_{I \in S} \log \hat f_{I, c_I}

    Parameters
    ----------
    f : tensor of shape (N, K)
        Soft labels of superpixels or pixels.
    classes : tensor of shape (N,), int64
        Label that each shall have; -1 where it is unknown. At least one is known.

    Returns
    -------
    loss : tensor of shape ()
    """
    log_f = torch.log(f.clamp(min=_SMALLEST))
    return nll_loss(log_f, classes, ignore_index=UNKNOWN)
