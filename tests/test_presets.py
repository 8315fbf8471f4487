import numpy as np
import pytest

from sksegment import (
    MODEL_TYPES,
    DenseWNetSegmenter,
    SparseWNetSegmenter,
    make_segmenter,
)
from sksegment._preparation import PreparedImages

CLASSES = {"Dense": DenseWNetSegmenter, "Sparse": SparseWNetSegmenter}
DENSE, SPARSE = (
    [name for name in MODEL_TYPES if name.startswith(kind)] for kind in CLASSES
)
W_NETS = DENSE + SPARSE


def test_models_are_those_of_table_1_in_its_order():
    assert list(MODEL_TYPES) == [
        "Dense-NCut-Image",
        "Dense-NCut-Patch",
        "Dense-SimCon-Image",
        "Dense-SimCon-Patch",
        "Dense-SimCon-NoRec",
        "Sparse-NCut-Image",
        "Sparse-NCut-Patch",
        "Sparse-SimCon-Image",
        "Sparse-SimCon-Patch",
        "Kmeans-Pixel",
        "Kmeans-Superpixel",
        "Spectral-Superpixel",
    ]


@pytest.mark.parametrize("name", W_NETS)
def test_name_begins_with_what_is_clustered(name):
    assert type(make_segmenter(name)) is CLASSES[name.split("-")[0]]


@pytest.mark.parametrize("name", W_NETS)
def test_paper_size_is_that_of_the_paper(name):
    model = make_segmenter(name)
    assert (model.base_channels, model.depth, model.max_labels) == (64, 4, 32)
    assert (model.max_epochs, model.batches_per_epoch, model.resolution) == (50, 8, 1.0)
    assert (model.init, model.lr, model.position) == ("random", 1e-3, 0.0)
    assert model.patches.shapes == ((96, 96), (64, 64), (48, 48))
    assert model.patches.counts == (32, 72, 128)


@pytest.mark.parametrize("name", SPARSE)
def test_paper_size_has_3000_superpixels(name):
    model = make_segmenter(name)
    assert model.get_params()["superpixels__n_segments"] is None, "the size decides"
    image = np.random.default_rng(0).random((321, 481, 3))
    images = PreparedImages.build([image], model.superpixels)
    assert images.transformer.n_segments == 3000


@pytest.mark.parametrize("name", W_NETS)
def test_compact_size_is_the_default_of_the_estimator(name):
    model, default = make_segmenter(name, size="compact"), MODEL_TYPES[name][0]()
    chosen = {"reconstruction", "beta_cut", "beta_sim", "beta_con", "assignment"}
    params = default.get_params(deep=False)
    for key in params.keys() - chosen:
        assert getattr(model, key) == params[key]


@pytest.mark.parametrize("name", W_NETS)
def test_name_says_what_is_learned_from(name):
    model = make_segmenter(name)
    source = name.rsplit("-", 1)[1]
    assert model.reconstruction == ("none" if source == "NoRec" else source.lower())
    assert (model.beta_cut > 0) == ("NCut" in name)
    assert (model.beta_sim > 0) == (model.beta_con > 0) == ("SimCon" in name)


@pytest.mark.parametrize("name", MODEL_TYPES)
def test_every_model_segments(name, disc_image):
    params = {}
    if name in W_NETS:
        params = {"base_channels": 4, "depth": 1, "max_epochs": 1}
        params |= {"batches_per_epoch": 1}
    labels = make_segmenter(name, size="compact", random_state=0, **params).fit_predict(
        [disc_image]
    )
    assert labels[0].shape == disc_image.shape
    assert labels[0].dtype == np.int32


@pytest.fixture
def disc_image(make_image):
    return make_image((40, 48))


def test_overrides_win():
    assert make_segmenter("Sparse-SimCon-Patch", beta_sim=2.0).beta_sim == 2.0
    assert make_segmenter("Dense-SimCon-NoRec", min_labels=3).min_labels == 3
    assert make_segmenter("Kmeans-Pixel", n_clusters=3).n_clusters == 3


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="'Dense-Everything'; known are Dense-NCut"):
        make_segmenter("Dense-Everything")


def test_unknown_size_is_refused():
    with pytest.raises(ValueError, match="neither 'paper' nor 'compact'"):
        make_segmenter("Sparse-NCut-Image", size="huge")
