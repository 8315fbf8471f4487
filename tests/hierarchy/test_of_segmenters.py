"""Regions from segmenters: n_regions, hierarchy, and what goes with them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sksegment import DenseWNetSegmenter, SparseWNetSegmenter
from sksegment.io import load_model
from sksegment.model_selection import InSampleSplit, v_measure_scorer
from sksegment.preprocessing import Rescale

TINY = {"max_epochs": 1, "base_channels": 4, "random_state": 0}


@pytest.mark.parametrize("class_", [SparseWNetSegmenter, DenseWNetSegmenter])
def test_labels_and_predictions_are_regions(photo, class_):
    model = class_(**TINY, n_regions=7).fit([photo])
    assert np.array_equal(np.unique(model.labels_[0]), np.arange(7))
    assert np.array_equal(model.predict([photo])[0], model.labels_[0])


def test_granularity_is_changed_without_a_fit(model, photo):
    twin = clone(model).set_params(n_regions=5)
    twin.fit([photo])
    regions = model.hierarchy([photo])[0].cut(n_regions=5)
    assert np.array_equal(twin.labels_[0], regions)
    twin.set_params(n_regions=11)
    assert twin.predict([photo])[0].max() == 10


def test_classes_come_back_when_it_is_unset(model, photo):
    twin = clone(model).set_params(n_regions=4).fit([photo])
    twin.set_params(n_regions=None)
    assert np.array_equal(twin.predict([photo])[0], model.predict([photo])[0])


def test_auto_divides_a_photograph(model, photo):
    auto = clone(model).set_params(n_regions="auto").fit([photo])
    assert 2 <= auto.labels_[0].max() + 1 <= 100


def test_soft_labels_and_merging_stay_those_of_classes(model, photo):
    twin = clone(model).set_params(n_regions=4).fit([photo])
    expected = model.predict_proba([photo])[0]
    assert np.array_equal(twin.predict_proba([photo])[0], expected)
    regions = twin.labels_[0]
    twin.merge_labels(2)
    assert np.array_equal(twin.labels_[0], regions)
    assert twin.predict_proba([photo])[0].shape[-1] == 2


def test_one_array_gives_one_array(photo):
    stack = np.stack([photo[:50, :60], photo[50:100, 60:120]])
    model = SparseWNetSegmenter(**TINY, n_regions=3).fit(stack)
    assert model.labels_.shape == (2, 50, 60)
    assert len(model.hierarchy(stack)) == 2


def test_mask_is_void(photo):
    mask = np.zeros(photo.shape[:2], bool)
    mask[10:80, 10:100] = True
    model = SparseWNetSegmenter(**TINY, n_regions=6)
    model.set_params(superpixels__mask=mask).fit([photo])
    assert np.array_equal(model.labels_[0] >= 0, mask)
    assert model.labels_[0].max() == 5


@pytest.mark.parametrize("class_", [SparseWNetSegmenter, DenseWNetSegmenter])
def test_model_file_keeps_regions(photo, tmp_path, class_):
    model = class_(**TINY, n_regions=7).fit([photo])
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.n_regions == 7
    assert np.array_equal(again.labels_[0], model.labels_[0])
    assert np.array_equal(again.unmerged_labels_[0], model.unmerged_labels_[0])
    assert np.array_equal(again.predict([photo])[0], model.predict([photo])[0])


def test_search_over_granularity(model, photo):
    truth = model.hierarchy([photo])[0].cut(n_regions=9)
    search = GridSearchCV(
        SparseWNetSegmenter(**TINY),
        {"n_regions": [2, 9]},
        scoring=v_measure_scorer,
        cv=InSampleSplit(),
    ).fit([photo], [truth])
    assert search.best_params_ == {"n_regions": 9}
    assert search.best_score_ == pytest.approx(1.0)


def test_hierarchies_have_the_size_before_rescaling(photo):
    small = Rescale(0.5).fit_transform([photo])
    model = SparseWNetSegmenter(**TINY).fit(small)
    [tree] = model.hierarchy(small)
    assert tree.cut(n_regions=4).shape == photo.shape[:2]


@pytest.mark.parametrize("bad", [0, -1, 2.5, "many"])
def test_bad_numbers_are_refused_by_name(photo, bad):
    with pytest.raises(ValueError, match="n_regions"):
        SparseWNetSegmenter(**TINY, n_regions=bad).fit([photo])


def test_more_regions_than_superpixels(photo):
    model = SparseWNetSegmenter(**TINY, n_regions=10_000)
    with pytest.raises(ValueError, match="superpixels__n_segments"):
        model.fit([photo])
