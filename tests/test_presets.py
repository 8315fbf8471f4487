import numpy as np
import pytest

from sksegment import MODEL_TYPES, SparseWNetSegmenter, make_segmenter

W_NETS = [name for name in MODEL_TYPES if name.startswith("Sparse")]


@pytest.mark.parametrize("name", W_NETS)
def test_paper_size_is_that_of_the_paper(name):
    model = make_segmenter(name)
    assert (model.base_channels, model.depth, model.max_labels) == (64, 4, 32)
    assert (model.max_epochs, model.batches_per_epoch, model.resolution) == (50, 8, 1.0)
    assert model.patches.counts == (32, 72, 128)
    assert model.superpixels is None or model.superpixels.n_segments == 3000


@pytest.mark.parametrize("name", W_NETS)
def test_compact_size_is_the_default_of_the_estimator(name):
    model, default = make_segmenter(name, size="compact"), SparseWNetSegmenter()
    chosen = {"reconstruction", "beta_cut", "beta_sim", "beta_con"}
    params = default.get_params(deep=False)
    for key in params.keys() - chosen:
        assert getattr(model, key) == params[key]


@pytest.mark.parametrize("name", W_NETS)
def test_name_says_what_is_learned_from(name):
    model = make_segmenter(name)
    assert model.reconstruction == name.rsplit("-", 1)[1].lower()
    assert (model.beta_cut > 0) == ("NCut" in name)
    assert (model.beta_sim > 0) == (model.beta_con > 0) == ("SimCon" in name)


@pytest.mark.parametrize("name", MODEL_TYPES)
def test_every_model_segments(name, disc_image):
    params = {}
    if name in W_NETS:
        params = {"base_channels": 4, "depth": 1, "max_epochs": 1}
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
    assert make_segmenter("Kmeans-Pixel", n_clusters=3).n_clusters == 3


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="'Dense-Everything'; known are Dense-NCut"):
        make_segmenter("Dense-Everything")


def test_unknown_size_is_refused():
    with pytest.raises(ValueError, match="neither 'paper' nor 'compact'"):
        make_segmenter("Sparse-NCut-Image", size="huge")
