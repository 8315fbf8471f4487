"""The total loss (9), of the sparse and of the dense models."""

from typing import Any

import torch
from torch import nn

from sksegment.losses._continuity import dense_continuity, sparse_continuity
from sksegment.losses._ncut import dense_soft_ncut, sparse_soft_ncut
from sksegment.losses._scribbles import scribble_loss
from sksegment.losses._similarity import (
    dense_similarity,
    kmeans_labels,
    majority_labels,
    sparse_similarity,
)
from sksegment.nn import channel_softmax

__all__ = ["DenseObjective", "SparseObjective"]


class _WeightedTerms:
    """Weights of the terms; a term of weight 0 is not computed."""

    def set_weights(
        self, beta_rec: float, beta_cut: float, beta_sim: float, beta_con: float
    ) -> None:
        """Keep the weights that are positive."""
        weights = {"rec": beta_rec, "cut": beta_cut, "sim": beta_sim, "con": beta_con}
        self.weights = {term: beta for term, beta in weights.items() if beta > 0}

    def total(self, terms: dict[str, torch.Tensor]) -> torch.Tensor | int:
        """Add up the terms with their weights; scribbles have the weight 1."""
        return sum(self.weights.get(term, 1.0) * value for term, value in terms.items())


class SparseObjective(_WeightedTerms, nn.Module):
    r"""Weighted sum of the losses of the sparse models, equation (9).

    .. math::

        L = \beta_{rec} L_{rec} + \beta_{cut} L_{cut}
            + \beta_{sim} L_{sim} + \beta_{con} L_{con}

    Parameters
    ----------
    beta_rec, beta_cut, beta_sim, beta_con : float, default=1.0, 0.0, 0.1, 0.1
        Weights; a term of weight 0 is not computed.
    assignment : {"mean", "majority", "kmeans"}, default="mean"
        What gives a superpixel its label in the similarity loss.
    """

    def __init__(
        self,
        beta_rec: float = 1.0,
        beta_cut: float = 0.0,
        beta_sim: float = 0.1,
        beta_con: float = 0.1,
        assignment: str = "mean",
    ) -> None:
        super().__init__()
        self.set_weights(beta_rec, beta_cut, beta_sim, beta_con)
        self.assignment = assignment

    def image_terms(
        self, z: torch.Tensor, image: Any
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Losses of one whole image.

        Parameters
        ----------
        z : tensor of shape (1, K, h, w)
            Logits.
        image : GraphImage
            Its graph as operators: ``pooling``, ``affinity``, ``adjacency``.

        Returns
        -------
        terms : dict of str to tensor of shape ()
        f : tensor of shape (N, K)
            Soft labels of the superpixels.
        """
        f = image.pooling.means_of_softmax(z)
        terms = {}
        if "cut" in self.weights:
            terms["cut"] = sparse_soft_ncut(f, image.affinity)
        if "sim" in self.weights:
            labels = self._labels(f.detach(), z.detach(), image)
            # Softmax of what is a softmax already, as equation (6) has it: the pull
            # on undecided superpixels is gentle, see docs/decisions.md.
            terms["sim"] = sparse_similarity(f, labels)
        if "con" in self.weights:
            terms["con"] = sparse_continuity(f, image.adjacency)
        if image.scribbles is not None:
            terms["scribble"] = scribble_loss(f, image.scribbles)
        return terms, f

    def _labels(self, f, z, image):
        if self.assignment == "majority":
            pixels = z[0].flatten(1).T
            return majority_labels(pixels, image.pooling).argmax(dim=1)
        if self.assignment == "kmeans":
            return kmeans_labels(f, f.shape[1])[0]
        return f.argmax(dim=1)


class DenseObjective(_WeightedTerms, nn.Module):
    r"""Weighted sum of the losses of the dense models, equations (1), (3), (4), (9).

    Parameters
    ----------
    beta_rec, beta_cut, beta_sim, beta_con : float, default=1.0, 0.0, 0.1, 0.1
        Weights; a term of weight 0 is not computed.
    """

    def __init__(
        self,
        beta_rec: float = 1.0,
        beta_cut: float = 0.0,
        beta_sim: float = 0.1,
        beta_con: float = 0.1,
    ) -> None:
        super().__init__()
        self.set_weights(beta_rec, beta_cut, beta_sim, beta_con)

    def image_terms(
        self, z: torch.Tensor, image: Any
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Losses of one whole image.

        Parameters
        ----------
        z : tensor of shape (1, K, h, w)
            Logits.
        image : PixelImage
            Its ``affinity`` is needed for the normalised cut alone.

        Returns
        -------
        terms : dict of str to tensor of shape ()
        f : tensor of shape (h * w, K)
            Soft labels of the pixels.
        """
        f = channel_softmax(z)[0]
        terms = {}
        if "cut" in self.weights:
            terms["cut"] = dense_soft_ncut(f, image.affinity)
        if "sim" in self.weights:
            # Softmax of a softmax, as for the superpixels.
            terms["sim"] = dense_similarity(f)
        if "con" in self.weights:
            terms["con"] = dense_continuity(f)
        pixels = f.flatten(1).T
        if image.scribbles is not None:
            terms["scribble"] = scribble_loss(pixels, image.scribbles)
        return terms, pixels
