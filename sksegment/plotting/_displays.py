"""Displays in the manner of scikit-learn: they keep what they show, and plot it."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sksegment._final import names_of_classes
from sksegment._typing import ClassNames, Measure
from sksegment._uncertainty import uncertainty
from sksegment.plotting._overlay import plot_overlay
from sksegment.plotting._uncertainty import plot_uncertainty

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SegmentationDisplay", "UncertaintyDisplay"]


class SegmentationDisplay:
    """An image and its classes; made by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    labels : ndarray of shape (H, W), int
        Negative where void.
    names : dict of int to str, or sequence of str, optional
        Names of classes, for the legend.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    image_ : matplotlib.image.AxesImage
        The last three are there after `plot`.

    Examples
    --------
    >>> from skimage.data import coins
    >>> from sksegment import KMeansPixelSegmenter
    >>> from sksegment.plotting import SegmentationDisplay
    >>> photo = coins()[::4, ::4]
    >>> model = KMeansPixelSegmenter(2, random_state=0).fit([photo])
    >>> display = SegmentationDisplay.from_estimator(model, photo)
    >>> display.labels.shape
    (76, 96)
    """

    def __init__(
        self, image: np.ndarray, labels: np.ndarray, *, names: ClassNames | None = None
    ) -> None:
        self.image = image
        self.labels = labels
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        image: np.ndarray,
        *,
        names: ClassNames | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Label one image and plot it.

        Parameters
        ----------
        estimator : estimator
            A fitted segmenter, or a pipeline that ends with one.
        image : ndarray of shape (H, W) or (H, W, C)
            One image, not in a list.
        names : dict of int to str, or sequence of str, optional
            Names of classes, for the legend; by default the ``class_names_`` of the
            estimator, or numbers.
        ax : matplotlib.axes.Axes, optional
            Where to plot; a new pyplot figure by default.
        **kwargs
            As in `plot`.

        Returns
        -------
        display : SegmentationDisplay
        """
        labels = estimator.predict([image])[0]
        names = names_of_classes(estimator) if names is None else names
        return cls.from_predictions(image, labels, names=names, ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        image: np.ndarray,
        labels: np.ndarray,
        *,
        names: ClassNames | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Plot an image and its labels.

        Parameters
        ----------
        image : ndarray of shape (H, W) or (H, W, C)
        labels : ndarray of shape (H, W), int
            Negative where void.
        names : dict of int to str, or sequence of str, optional
            Names of classes, for the legend.
        ax : matplotlib.axes.Axes, optional
            Where to plot; a new pyplot figure by default.
        **kwargs
            As in `plot`.

        Returns
        -------
        display : SegmentationDisplay
        """
        return cls(image, labels, names=names).plot(ax, **kwargs)

    def plot(
        self, ax: "Axes | None" = None, *, alpha: float = 0.45, legend: bool = True
    ) -> Self:
        """Plot.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to plot; a new pyplot figure by default.
        alpha : float, default=0.45
            Strength of the tint, in [0, 1].
        legend : bool, default=True
            Whether the classes and their shares of the image stand beside it.

        Returns
        -------
        display : SegmentationDisplay
        """
        self.ax_ = plot_overlay(
            self.image, self.labels, alpha=alpha, legend=legend, names=self.names, ax=ax
        )
        return _keep(self)


class UncertaintyDisplay:
    """How sure a model is of every pixel.

    Parameters
    ----------
    uncertainty : ndarray of shape (H, W)
        In [0, 1]; NaN outside a mask.
    measure : {"margin", "entropy"}, optional
        What it is, for the scale.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    image_ : matplotlib.image.AxesImage
        The last three are there after `plot`.

    See Also
    --------
    sksegment.plotting.uncertainty : The two measures.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.plotting import UncertaintyDisplay
    >>> proba = np.full((8, 8, 2), 0.5)
    >>> display = UncertaintyDisplay.from_predictions(proba)
    >>> float(display.uncertainty.max())
    1.0
    """

    def __init__(
        self, uncertainty: np.ndarray, *, measure: Measure | None = None
    ) -> None:
        self.uncertainty = uncertainty
        self.measure = measure

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        image: np.ndarray,
        *,
        measure: Measure = "margin",
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Ask a model for the shares of one image, and plot where it is unsure.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``predict_proba``.
        image : ndarray of shape (H, W) or (H, W, C)
            One image, not in a list.
        measure : {"margin", "entropy"}, default="margin"
        ax : matplotlib.axes.Axes, optional
            Where to plot; a new pyplot figure by default.
        **kwargs
            As in `plot`.

        Returns
        -------
        display : UncertaintyDisplay
        """
        proba = estimator.predict_proba([image])[0]
        return cls.from_predictions(proba, measure=measure, ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        proba: np.ndarray,
        *,
        measure: Measure = "margin",
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Plot where shares are undecided.

        Parameters
        ----------
        proba : ndarray of shape (H, W, K)
            Shares of the classes, as ``predict_proba`` gives them for one image.
        measure : {"margin", "entropy"}, default="margin"
        ax : matplotlib.axes.Axes, optional
            Where to plot; a new pyplot figure by default.
        **kwargs
            As in `plot`.

        Returns
        -------
        display : UncertaintyDisplay
        """
        found = uncertainty(np.asarray(proba), measure)
        return cls(found, measure=measure).plot(ax, **kwargs)

    def plot(self, ax: "Axes | None" = None, *, colorbar: bool = True) -> Self:
        """Plot.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to plot; a new pyplot figure by default.
        colorbar : bool, default=True
            Whether there is a scale.

        Returns
        -------
        display : UncertaintyDisplay
        """
        self.ax_ = plot_uncertainty(
            self.uncertainty, measure=self.measure, colorbar=colorbar, ax=ax
        )
        return _keep(self)


def _keep(display):
    display.figure_ = display.ax_.figure
    display.image_ = display.ax_.images[-1]
    return display
