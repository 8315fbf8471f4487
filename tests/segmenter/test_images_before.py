"""Going on with other images, which need not show what earlier ones did."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sksegment import SparseWNetSegmenter
from sksegment._label_state import LabelState
from sksegment.io import load_model
from sksegment.segmenters._before import mean_state

ONE_MORE = {"max_epochs": 1, "lr": 1e-12}


def layers(*, grain, seed=0):
    """A dark and a medium layer, perhaps with a bright grain."""
    rows, columns = np.mgrid[:48, :48]
    image = 60.0 + 80.0 * (columns > 24)
    if grain:
        image[(rows - 24) ** 2 + (columns - 14) ** 2 < 60] = 230.0
    noise = np.random.default_rng(seed).normal(0, 5, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def strokes():
    strokes = np.full((48, 48), -1)
    strokes[22:27, 12:17], strokes[2:6, 2:20], strokes[2:6, 28:46] = 0, 1, 2
    return strokes


@pytest.fixture(scope="module", params=["pixel", "mean", "majority"])
def fitted(request, strokes):
    model = SparseWNetSegmenter(
        max_labels=3,
        assignment=request.param,
        base_channels=8,
        max_epochs=24,
        batches_per_epoch=8,
        superpixels=None,
        device="cpu",
        random_state=0,
    )
    return model.fit(
        [layers(grain=True)], scribbles=[strokes], class_names=["grain", "dark", "mid"]
    )


@pytest.fixture
def model(fitted):
    return copy.deepcopy(fitted)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_class_that_new_images_lack_is_not_forgotten(model, tmp_path):
    image, other = layers(grain=True), layers(grain=False, seed=1)
    grain = image > 200
    before = model.predict([image])[0]
    assert np.mean(before[grain] == 0) > 0.9
    colors = model.label_colors_[0].copy()
    model.set_params(**ONE_MORE).partial_fit([other])
    assert not (model.labels_[0] == 0).any()
    assert np.mean(model.predict([image])[0][grain] == 0) > 0.9
    assert_allclose(model.label_colors_[0], colors)
    assert_allclose(model.label_fractions_.sum(), 1.0)
    assert model.label_fractions_[0] == pytest.approx(0.5 * np.mean(before == 0))
    assert model.merge_labels(3) is model, "all three are still in use"
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert_array_equal(again.predict([image])[0], model.predict([image])[0])
    again.partial_fit([other])
    assert again.label_fractions_[0] == pytest.approx(model.label_fractions_[0] * 2 / 3)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_part_of_a_label_is_that_in_the_labels_of_all_images(model):
    before, ramp = model.label_fractions_, np.tile(np.arange(40, 232, 4), (48, 1))
    model.set_params(**ONE_MORE).partial_fit([ramp.astype(np.uint8)])
    counts = np.bincount(model.labels_[0].ravel(), minlength=3)
    assert_allclose(model.label_fractions_, (before + counts / ramp.size) / 2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_same_images_are_counted_anew(model):
    image = layers(grain=True)
    model.set_params(**ONE_MORE).partial_fit([image])
    counts = np.bincount(model.labels_[0].ravel(), minlength=3)
    assert_allclose(model.label_fractions_, counts / image.size)
    model.partial_fit([image, layers(grain=False)])
    both = np.bincount(np.ravel(model.labels_), minlength=3)
    assert_allclose(model.label_fractions_, both / both.sum())


@pytest.mark.parametrize("model", ["pixel"], indirect=True)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_textures_go_on_counting_for_what_had_them(model):
    model.texture_scales_ = {"contrast": 2.0, "orientation_45": 0.5}
    model.label_textures_ = np.arange(6.0).reshape(3, 2)
    model.set_params(**ONE_MORE).partial_fit([layers(grain=False)])
    assert model.texture_scales_ == {"contrast": 2.0, "orientation_45": 0.5}
    assert_array_equal(model.label_textures_, np.arange(6.0).reshape(3, 2))


def test_looks_are_means_of_all_images_by_area():
    before = LabelState(
        fractions=np.array([0.5, 0.25, 0.25, 0.0]),
        colors=np.array([[1.0], [2.0], [3.0], [9.0]]),
        textures=np.array([[0.0], [2.0], [4.0], [6.0]]),
        scales={"contrast": 2.0},
        deviation=np.array([2.0]),
    )
    now = LabelState(
        fractions=np.array([0.5, 0.5, 0.0, 0.0]),
        colors=np.array([[5.0], [5.0], [0.0], [7.0]]),
        textures=np.array([[1.0, 8.0], [1.0, 8.0], [1.0, 8.0], [1.0, 8.0]]),
        scales={"contrast": 3.0, "orientation_0": 0.1},
        deviation=np.array([5.0]),
    )
    # Two images before, and a new one.
    state = mean_state(before, now, (2, 1))
    assert_allclose(state.fractions, [0.5, 1 / 3, 1 / 6, 0.0])
    assert_allclose(state.colors[:, 0], [7 / 3, 3.5, 3.0, 7.0])
    assert_allclose(state.textures[:, 0], [1 / 3, 1.5, 4.0, 1.0])
    # What divides the new image alone is known of that alone.
    assert_allclose(state.textures[:, 1], 8.0)
    assert state.scales == {"contrast": 3.0, "orientation_0": 0.1}
    # Variances are averaged, not deviations.
    assert_allclose(state.deviation, np.sqrt([(2 * 4.0 + 25.0) / 3]))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_going_on_by_superpixels_forgets_the_looks_of_pixels(model):
    other = layers(grain=False, seed=1)
    model.set_params(assignment="mean", **ONE_MORE).partial_fit([other])
    assert_array_equal(model.predict([other])[0], model.labels_[0])
    assert model.color_deviation_ is None
    assert model.texture_scales_ == {}
    with pytest.raises(ValueError, match="fit again"):
        model.set_params(assignment="pixel").predict([other])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_empty_slice_changes_nothing(model):
    image = layers(grain=True)
    before, deviation = model.predict([image])[0], model.color_deviation_
    model.set_params(**ONE_MORE).partial_fit([np.full_like(image, 100)])
    assert_array_equal(model.predict([image])[0], before)
    assert model.color_deviation_ is deviation or model.color_deviation_ == deviation


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_image_of_one_colour_changes_nothing(make_segmenter, images):
    model = make_segmenter().fit(images)
    before = model.predict(images)
    one_color = np.full_like(images[0], (10, 120, 200))
    model.set_params(**ONE_MORE).partial_fit([one_color])
    for found, expected in zip(model.predict(images), before, strict=True):
        assert_array_equal(found, expected)
