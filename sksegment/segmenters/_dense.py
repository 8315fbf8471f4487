"""The dense W-Net as a scikit-learn estimator."""

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin

from sksegment._label_state import LabelState
from sksegment._merging import summed
from sksegment._mixins import SegmenterMixin
from sksegment._preparation import PreparedPixels, default_superpixels
from sksegment._soft_labels import assemble, grid_of, soft_labels_of
from sksegment._validation import Integral, Interval
from sksegment.fitting import enlarge, soft_labels
from sksegment.labelling import brightness_order, measure_labels
from sksegment.losses import DenseObjective
from sksegment.patches import PatchSampler
from sksegment.segmenters._checks import check_n_default_regions
from sksegment.segmenters._divided import DividedImage
from sksegment.segmenters._fitted import FittedMixin
from sksegment.segmenters._numbers import settle_numbers
from sksegment.segmenters._training import NET_CONSTRAINTS, TrainingMixin
from sksegment.training import PixelImage

__all__ = ["DenseWNetSegmenter"]


class DenseWNetSegmenter(
    TrainingMixin,
    FittedMixin,
    SegmenterMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    r"""Unsupervised segmentation by a W-Net whose pixels are clustered themselves.

    The dense models of the paper's Table 1, to compare `SparseWNetSegmenter` with, and
    for structures thinner than any superpixel. With ``beta_cut`` alone it is the W-Net
    of Xia and Kulis [1]_; with ``beta_sim`` and ``beta_con`` and without a
    reconstruction it follows Kim et al. [2]_. An encoder turns each pixel into
    ``max_labels`` soft labels f:

    .. math::

        L = \beta_{rec} L_{rec} + \beta_{cut} L_{cut}
            + \beta_{sim} L_{sim} + \beta_{con} L_{con}

    Parameters
    ----------
    max_labels : int, default=32
        Number K of soft labels: the most classes there can be. How many are used in
        the end follows from the weights of the losses.
    patches : PatchSampler, optional
        Parameters of the patches, e.g. ``patches__counts``; the defaults of the class
        when None.
    beta_rec : float, default=1.0
        Weight of the reconstruction.
    beta_cut : float, default=0.0
        Weight of the soft normalised cut over a window of pixels, equation (1). Try
        0.1, 1, 10, and avoid under-segmentation.
    beta_sim : float, default=0.1
        Weight of the similarity, equation (3): larger values merge labels.
    beta_con : float, default=0.1
        Weight of the continuity, equation (4): raise it where the result is patchy,
        lower it where things are joined that should not be.
    reconstruction : {"patch", "image", "none"}, default="patch"
        Whether patches or whole images are reconstructed, or nothing.
    init : {"kmeans", "random"}, default="kmeans"
        Start of the training: labels that are k-means clusters of the untrained
        features, or random ones as in the paper. Few labels survive a random start.
    base_channels : int, default=16
        Channels of the first level of both U-Nets; 64 in the paper.
    depth : int, default=3
        Number of 2x2 poolings in both U-Nets; 4 in the paper.
    resolution : float, default=0.5
        Side of the images the net works on, relative to the original; 1 in the paper.
        Soft labels are enlarged before the largest of them is taken.
    position : float, default=0.0
        Where a pixel lies as two more inputs of the net, which it reconstructs too:
        row and column over the longer side, times this weight. 0 leaves labels to the
        look of things alone, as slices and frames need it; with 1 the parts of a
        photograph that lie apart tend to be told apart, as people do.
    n_regions : int, "auto" or None, default=None
        As in `SparseWNetSegmenter`; the superpixels of the `hierarchy` are the
        default ones.
    max_epochs : int, default=8
        Number of passes over the patches; 50 in the paper.
    batches_per_epoch : int, default=8
        Steps of the optimiser in an epoch, each with one whole image in turn; at
        least one for every image.
    lr : float, default=1e-3
        Learning rate of Adam.
    min_labels : int, optional
        Training stops early, even within an epoch, when no more than so many labels
        are in use, as Kim et al. do.
    n_init : int, default=1
        Number of trainings from different seeds. The one is kept whose labels of the
        training images agree best with those of the others, and with regions that were
        found without a net.
    device : str or torch.device, default="auto"
        Where to compute, also after the fit; "auto" is CUDA where there is a card.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the convolutions; "auto" is bfloat16 where the device has it
        natively.
    random_state : int, RandomState instance or None, default=None
        Seed of weights and patches. An int gives the same labels in every run on the
        same machine. Global random generators are never touched.
    verbose : int, default=0
        1 shows a progress bar with the terms of the loss.

    Attributes
    ----------
    labels_ : list of ndarray of shape (H, W), int32
        Labels of the training images; one array if they came as one.
    net_ : SegmentationNet
        The trained skorch net.
    history_ : skorch.history.History
        One row an epoch, a dict: ``loss``, the terms in use (``rec``, ``cut``,
        ``sim``, ``con``, ``scribble``), ``n_labels``, ``changed``, ``seconds``. A
        column is ``history_[:, "loss"]``, a table ``pandas.DataFrame(history_)``.
    n_iter_ : int
        Number of epochs.
    interrupted_ : bool
        Whether Ctrl-C or SIGTERM stopped the training before its end, see `fit`.
    loss_ : float
        Loss of the last epoch.
    n_channels_in_ : int
        Number of channels of the training images.
    grid_ : dict
        ``resolution`` and ``position`` of the fit, with which the net goes.
    intensity_range_ : ndarray of shape (2, n_channels)
        Intensities that are scaled to 0 and 1, in every image.
    rgb_ : bool
        Whether the training images are taken for RGB; if so, colours are compared in
        CIELAB.
    label_colors_ : ndarray of shape (K, n_channels)
        Mean colours of the labels, a hundredth of CIELAB for colour, otherwise
        intensities on this range.
    label_fractions_ : ndarray of shape (K,)
        Part of the training images that every label covers, those of `partial_fit`
        included.
    class_names_ : list of str or None
        Names of the first labels, where ``fit`` was given ``class_names``; of all
        groups after `merge_labels`.
    label_groups_ : ndarray of shape (K,) or None
        New labels of the labels after `merge_labels`.
    unmerged_labels_ : list of ndarray of shape (H, W), int32
        ``labels_`` as they were before `merge_labels`.

    See Also
    --------
    SparseWNetSegmenter : Clusters superpixels instead, faster and less patchy.
    sksegment.presets.make_segmenter : The models of the paper by name.

    Notes
    -----
    Label ids belong to the model, and are numbered dark to bright, as those of
    `SparseWNetSegmenter` are.

    The affinity of the normalised cut takes the image into account, with the numbers
    of Xia and Kulis; see `sksegment.losses.pixel_affinity`, and ``docs/decisions.md``.

    References
    ----------
    .. [1] Xia and Kulis, "W-Net: A deep model for fully unsupervised image
       segmentation", arXiv:1711.08506, 2017.
    .. [2] Kim, Kanezaki and Tanaka, "Unsupervised learning of image segmentation based
       on differentiable feature clustering", IEEE TIP 29, 2020.

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> from sksegment import DenseWNetSegmenter
    >>> photo = astronaut()[::4, ::4]
    >>> model = DenseWNetSegmenter(max_epochs=2, base_channels=4, random_state=0)
    >>> labels = model.fit_predict([photo])
    >>> labels[0].shape
    (128, 128)
    """

    _nested_defaults = {"patches": PatchSampler}
    _parameter_constraints = {
        **NET_CONSTRAINTS,
        "min_labels": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        max_labels=32,
        *,
        patches=None,
        beta_rec=1.0,
        beta_cut=0.0,
        beta_sim=0.1,
        beta_con=0.1,
        reconstruction="patch",
        init="kmeans",
        base_channels=16,
        depth=3,
        resolution=0.5,
        position=0.0,
        n_regions=None,
        max_epochs=8,
        batches_per_epoch=8,
        lr=1e-3,
        min_labels=None,
        n_init=1,
        device="auto",
        precision="auto",
        random_state=None,
        verbose=0,
    ) -> None:
        self.max_labels = max_labels
        self.patches = patches
        self.beta_rec = beta_rec
        self.beta_cut = beta_cut
        self.beta_sim = beta_sim
        self.beta_con = beta_con
        self.reconstruction = reconstruction
        self.init = init
        self.base_channels = base_channels
        self.depth = depth
        self.resolution = resolution
        self.position = position
        self.n_regions = n_regions
        self.max_epochs = max_epochs
        self.batches_per_epoch = batches_per_epoch
        self.lr = lr
        self.min_labels = min_labels
        self.n_init = n_init
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    @property
    def _label_state(self):
        return LabelState(self.label_colors_, self.label_fractions_)

    @_label_state.setter
    def _label_state(self, state):
        self.label_colors_, self.label_fractions_ = state.colors, state.fractions

    def _objective(self):
        return DenseObjective

    def _prepare(self, images):
        return PreparedPixels.build(images)

    def _prepare_more(self, images):
        return PreparedPixels.extend(images, self._scale)

    def _training_images(self, images, device):
        check_n_default_regions(self.n_regions, images.scaled)
        how = {"with_affinity": self.beta_cut > 0, "device": device, **self._grid}
        return [PixelImage.build(scaled, **how) for scaled in images.scaled]

    def _learn_labels(self, images, anew, n_fixed=0):
        found = self._measure_labels(images)
        if anew:
            found = settle_numbers(
                found,
                lambda found: self._order(*found, n_fixed),
                lambda _, order: self._renumber(order, images),
            )
        return LabelState(*found)

    def _measure_labels(self, images):
        # One image at a time: soft labels take far more memory than images.
        return measure_labels(map(self._colors_and_soft, images.scaled))

    def _order(self, colors, fractions, n_fixed):
        labels, brightness = np.arange(self.max_labels), self._scale.brightness(colors)
        return brightness_order(labels, brightness, fractions, self.max_labels, n_fixed)

    def _renumber(self, order, images):
        self.net_.permute_labels(order)
        return self._measure_labels(images)

    def _colors_and_soft(self, scaled):
        colors = scaled.reshape(-1, scaled.shape[-1])
        shares = self._soft(scaled).reshape(-1, self.max_labels)
        return colors, np.ones(len(colors)), shares

    def _label_prepared(self, images):
        return [_largest(self._soft(scaled)) for scaled in images.scaled]

    def _cut_prepared(self, images):
        return [self._regions(self._tree_of(scaled)) for scaled in images.scaled]

    def _predict_image(self, index, image):
        if self.n_regions is not None:
            return self._regions(self._tree(index, image))
        shape, f = image.shape[:2], soft_labels_of(self, self._seen(index, image))
        maps = ((place, _largest(part)) for place, part in f.parts(shape))
        return self._joined(assemble(maps, shape))

    def _predict_proba_image(self, index, image):
        return summed(self._transform_image(index, image), self.label_groups_)

    def _tree(self, index, image):
        return self._tree_of(self._normalize(index, image))

    def _tree_of(self, scaled):
        superpixels = default_superpixels(scaled)
        image = DividedImage.build(scaled, superpixels, **self._grid)
        return image.tree(soft_labels_of(self, image.grid), self.rgb_)

    def _soft(self, scaled):
        f = soft_labels(self.net_, grid_of(scaled, **self._grid))
        return enlarge(f, scaled.shape[:2])


def _largest(f):
    """Labels, (H, W), of soft labels, (H, W, K)."""
    return f.argmax(axis=-1).astype(np.int32)
