"""The sparse W-Net as a scikit-learn estimator."""

import copy
from functools import partial

from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin

from sksegment._label_state import LabelState
from sksegment._large_images import must_be_parted
from sksegment._last_answer import last_answer_of
from sksegment._mixins import SegmenterMixin
from sksegment._preparation import CHOSEN_IN_FIT, PreparedImages
from sksegment._soft_labels import soft_labels_of
from sksegment._validation import Interval, Real, StrOptions
from sksegment.losses import SparseObjective
from sksegment.patches import PatchSampler
from sksegment.segmenters._checks import check_assignment, check_n_regions
from sksegment.segmenters._divided import DividedImage
from sksegment.segmenters._fitted import FittedMixin
from sksegment.segmenters._labellers import BY_LOOKS, labeller_of
from sksegment.segmenters._learning import learn_labels
from sksegment.segmenters._training import NET_CONSTRAINTS, TrainingMixin
from sksegment.superpixels import SuperpixelTransformer
from sksegment.training import GraphImage

__all__ = ["SparseWNetSegmenter"]


class SparseWNetSegmenter(
    TrainingMixin,
    FittedMixin,
    SegmenterMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    r"""Unsupervised segmentation by a W-Net clustered on a graph of superpixels.

    A W-Net learns dense features: an encoder turns each pixel into ``max_labels`` soft
    labels f, from which a decoder reconstructs patches of the image. Meanwhile means
    :math:`\hat f` of the soft labels over superpixels are clustered by up to three
    losses on the graph of the superpixels. No label is needed, and one image is enough:

    .. math::

        L = \beta_{rec} L_{rec} + \beta_{cut} L_{cut}
            + \beta_{sim} L_{sim} + \beta_{con} L_{con}

    Parameters
    ----------
    max_labels : int, default=32
        Number K of soft labels: the most classes there can be. How many are used in
        the end follows from the weights of the losses.
    superpixels : SuperpixelTransformer, optional
        Parameters of the superpixels. When None, those of the class, with fewer
        superpixels where they would be smaller than 25 pixels. It is cloned, and its
        parameters can be set as ``superpixels__mask`` etc.; their number stays as with
        None until ``superpixels__n_segments`` is set.
    patches : PatchSampler, optional
        Parameters of the patches, e.g. ``patches__counts``; the defaults of the class
        when None.
    beta_rec : float, default=1.0
        Weight of the reconstruction.
    beta_cut : float, default=0.0
        Weight of the soft normalised cut, equation (5). Try 0.1, 1, 10, and avoid
        under-segmentation.
    beta_sim : float, default=0.1
        Weight of the similarity, equation (6): larger values merge labels.
    beta_con : float, default=0.1
        Weight of the continuity, equation (7): raise it where the result is patchy,
        lower it where things are joined that should not be.
    tau : float, default=0.0
        Decay of the weights of neighbours with their colour distance, equation (8).
        0 takes their plain mean; negative values favour neighbours that differ.
    reconstruction : {"patch", "image", "none"}, default="patch"
        Whether patches or whole images are reconstructed, or nothing.
    assignment : {"pixel", "region", "mean", "majority", "kmeans"}, default="pixel"
        What gives a pixel its label. "pixel": its own soft labels, those of its
        superpixel, and how well its colour fits those of the label, so that structures
        finer than superpixels survive. "region": all pixels of a region that
        ``hierarchy(X)[0].cut("auto")`` finds get the label that fits them best on the
        average, which suits photographs, and is no good for thin structures. As in the
        paper, one label for each superpixel: the largest of its mean soft labels
        ("mean"), the most frequent label of its pixels ("majority"), or a k-means
        clustering of the mean soft labels with ``max_labels`` clusters ("kmeans").
    init : {"kmeans", "random"}, default="kmeans"
        Start of the training: labels that are k-means clusters of the untrained
        features, or random ones as in the paper. Few labels survive a random start.
    base_channels : int, default=16
        Channels of the first level of both U-Nets; 64 in the paper.
    depth : int, default=3
        Number of 2x2 poolings in both U-Nets; 4 in the paper.
    resolution : float, default=0.5
        Side of the images the net works on, relative to the original; 1 in the paper.
        Superpixels and colours, and so the borders of the labels, keep the full
        resolution.
    position : float, default=0.0
        Where a pixel lies as two more inputs of the net, which it reconstructs too:
        row and column over the longer side, times this weight. 0 leaves labels to the
        look of things alone, as slices and frames need it; with 1 the parts of a
        photograph that lie apart tend to be told apart, as people do.
    n_regions : int, "auto" or None, default=None
        None gives labels of classes, as in the paper. Otherwise an image is divided
        into so many connected regions, or "auto" into as many as people tend to see,
        cut from its `hierarchy`; their ids belong to the image. It can be set after
        the fit.
    max_epochs : int, default=8
        Number of passes over the patches; 50 in the paper.
    batches_per_epoch : int, default=8
        Steps of the optimiser in an epoch, each with one whole image in turn; at
        least one for every image.
    lr : float, default=1e-3
        Learning rate of Adam.
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
    superpixels_ : SuperpixelTransformer
        The fitted transformer.
    superpixel_params_ : dict
        Parameters of the superpixels in the fit, which must not change after it.
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
        Mean colours by which pixels get labels, a hundredth of CIELAB for colour,
        otherwise intensities on this range. Labels are sorted from dark to bright by
        these; the means of what pixels got in the end may differ a little.
    color_sigma_ : float or None
        Width in pixels of the Gaussian windows in which colours are averaged, for
        ``assignment="pixel"`` and "region": 0.7, or 1.2 where noise is more than 0.04
        of the standard deviation of the training images and no structure is lost.
    color_deviation_ : ndarray of shape (n_channels,) or None
        Standard deviation of the colours within the labels, for the same.
    believes_hints_ : bool
        Whether soft labels weigh more than without scribbles.
    variance_left_ : float
        Part of the variance of colours within labels that is left when they are
        averaged, at most 1. Where neither textures nor scribbles count the weight of
        the soft labels is 0.2 of it: noise that is averaged away raises no doubt.
    texture_scales_ : dict of str to float
        Textures that tell the labels apart better than colours do, for the same:
        "contrast", "orientation_0", "orientation_45", or none. Of each, the difference
        that counts as much as one of a deviation in colour: the standard deviation
        within the labels, more where colours count as well.
    label_textures_ : ndarray of shape (K, T)
        Means of these textures. Contrast is the logarithm of one plus the deviation, in
        hundredths of the range, within the least busy Gaussian window of 4 pixels
        nearby; orientation that of the structure tensor, from -1 to 1: "orientation_0"
        of upright lines is positive, "orientation_45" of lines that fall to the left.
    label_fractions_ : ndarray of shape (K,)
        Part of the training images that every label covers, those of `partial_fit`
        included; for ``assignment="region"`` before regions are given one label.
    class_names_ : list of str or None
        Names of the first labels, where ``fit`` was given ``class_names``; of all
        groups after `merge_labels`.
    label_groups_ : ndarray of shape (K,) or None
        New labels of the labels after `merge_labels`.
    unmerged_labels_ : list of ndarray of shape (H, W), int32
        ``labels_`` as they were before `merge_labels`.
    cluster_centers_ : ndarray of shape (K, K) or None
        Centres of the clusters for ``assignment="kmeans"``.

    See Also
    --------
    SuperpixelTransformer : The superpixels alone.
    sksegment.presets.make_segmenter : The models of the paper by name.

    Notes
    -----
    Label ids belong to the model: the same class has the same id in every image and
    call. They are numbered by the mean intensity of the classes in the training
    images, dark to bright, unused ones last.

    Where the paper and its reference code differ, see ``docs/decisions.md``.

    References
    ----------
    Leng, Atwood, Kockelmann, Chekrygina and Thiyagalingam, "Unsupervised few-shot
    image segmentation with dense feature learning and sparse clustering", VISAPP
    2024, doi:10.5220/0012380700003660.

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> from sksegment import SparseWNetSegmenter
    >>> photo = astronaut()[::4, ::4]
    >>> model = SparseWNetSegmenter(max_epochs=2, base_channels=4, random_state=0)
    >>> labels = model.fit_predict([photo])
    >>> labels[0].shape
    (128, 128)
    >>> frames = model.predict([photo, photo[:, ::-1]])
    >>> len(frames)
    2
    """

    _has_superpixels = True
    _nested_defaults = {"superpixels": SuperpixelTransformer, "patches": PatchSampler}
    _chosen_in_fit = {"superpixels": CHOSEN_IN_FIT}
    _parameter_constraints = {
        **NET_CONSTRAINTS,
        "superpixels": [SuperpixelTransformer, None],
        "tau": [Interval(Real, None, None, closed="neither")],
        "assignment": [StrOptions({"pixel", "region", "mean", "majority", "kmeans"})],
    }

    def __init__(
        self,
        max_labels=32,
        *,
        superpixels=None,
        patches=None,
        beta_rec=1.0,
        beta_cut=0.0,
        beta_sim=0.1,
        beta_con=0.1,
        tau=0.0,
        reconstruction="patch",
        assignment="pixel",
        init="kmeans",
        base_channels=16,
        depth=3,
        resolution=0.5,
        position=0.0,
        n_regions=None,
        max_epochs=8,
        batches_per_epoch=8,
        lr=1e-3,
        n_init=1,
        device="auto",
        precision="auto",
        random_state=None,
        verbose=0,
    ) -> None:
        self.max_labels = max_labels
        self.superpixels = superpixels
        self.patches = patches
        self.beta_rec = beta_rec
        self.beta_cut = beta_cut
        self.beta_sim = beta_sim
        self.beta_con = beta_con
        self.tau = tau
        self.reconstruction = reconstruction
        self.assignment = assignment
        self.init = init
        self.base_channels = base_channels
        self.depth = depth
        self.resolution = resolution
        self.position = position
        self.n_regions = n_regions
        self.max_epochs = max_epochs
        self.batches_per_epoch = batches_per_epoch
        self.lr = lr
        self.n_init = n_init
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    @property
    def _label_state(self):
        return LabelState(
            colors=self.label_colors_,
            fractions=self.label_fractions_,
            centers=self.cluster_centers_,
            sigma=self.color_sigma_,
            deviation=self.color_deviation_,
            textures=self.label_textures_,
            scales=self.texture_scales_,
            hinted=self.believes_hints_,
            variance_left=self.variance_left_,
        )

    @_label_state.setter
    def _label_state(self, state):
        self.label_colors_, self.label_fractions_ = state.colors, state.fractions
        self.cluster_centers_, self.color_sigma_ = state.centers, state.sigma
        self.color_deviation_ = state.deviation
        self.label_textures_, self.texture_scales_ = state.textures, state.scales
        self.believes_hints_ = state.hinted
        self.variance_left_ = state.variance_left

    def _objective(self):
        # Looks are learnt after the training, which knows superpixels alone.
        assignment = "mean" if self.assignment in BY_LOOKS else self.assignment
        return partial(SparseObjective, assignment=assignment)

    def _prepare(self, images):
        return PreparedImages.build(images, self.superpixels)

    def _prepare_more(self, images):
        check_assignment(self)
        return PreparedImages.extend(images, self.superpixels_)

    def _training_images(self, images, device):
        check_n_regions(self.n_regions, images.graphs)
        how = {"tau": self.tau, "device": device, **self._grid}
        parts = zip(images.scaled, images.superpixels, images.graphs, strict=True)
        return [GraphImage.build(*part, **how) for part in parts]

    def _divided(self, images):
        """Training images as they are labelled, a list of `DividedImage`."""
        pairs = zip(images.scaled, images.superpixels, strict=True)
        return [DividedImage.build(*pair, **self._grid) for pair in pairs]

    def _prepare_image(self, index, image):
        if must_be_parted(self, image.shape):
            parts = self.superpixels_.parts(image, index)
            pair = parts, self.superpixels_.divide_parts(parts, index)
        else:
            pair = self.superpixels_.divide(image, index)
        return (DividedImage.build(*pair, **self._grid),)

    def _for_one_image(self, shape):
        """Copy that divides an image once, however much it is asked about it in turn.

        Neither does its net see the image twice, nor are superpixels merged twice. Of
        an image that must be labelled part by part nothing is kept.
        """
        twin = copy.copy(self)
        if not must_be_parted(self, shape):
            twin._prepare_image = last_answer_of(self._prepare_image)
            twin._soft = last_answer_of(self._soft)
            twin._merge = last_answer_of(self._merge)
        return twin

    def _learn_labels(self, images, anew, n_fixed=0):
        return learn_labels(
            self.net_,
            self._soft,
            images,
            self._divided(images),
            self.assignment,
            before=None if anew else self._label_state,
            seed=self._draw_seeds(1)[0] if self.assignment == "kmeans" else None,
            n_fixed=n_fixed,
            hinted=self._n_hinted_classes > 0,
        )

    def _label_prepared(self, images, assignment=None):
        labeller = self._labeller(assignment)
        return [labeller.labels(i, self._soft(i)) for i in self._divided(images)]

    def _counted_labels(self, images):
        # What pixels may get is what any of them has, whatever regions make of it.
        is_by_region = self.assignment == "region"
        return self._label_prepared(images, "pixel" if is_by_region else None)

    def _cut_prepared(self, images):
        return [self._regions(self._tree(image)) for image in self._divided(images)]

    def _predict_image(self, image):
        if self.n_regions is not None:
            return self._regions(self._tree(image))
        return self._joined(self._labeller().labels(image, self._soft(image)))

    def _predict_proba_image(self, image):
        return self._labeller().proba(image, self._soft(image), self.label_groups_)

    def _tree(self, image):
        return self._merge(image, self._soft(image))

    def _merge(self, image, f):
        return image.tree(f, self.rgb_)

    def _soft(self, image):
        return soft_labels_of(self, image.grid)

    def _labeller(self, assignment=None):
        assignment = assignment or self.assignment
        return labeller_of(assignment, self._label_state, self._merge)
