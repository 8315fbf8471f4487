"""Labels within a mask, and void outside of it."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sksegment import (
    KMeansSuperpixelSegmenter,
    SparseWNetSegmenter,
    SpectralSuperpixelSegmenter,
    SuperpixelTransformer,
)
from sksegment.io import load_model
from sksegment.model_selection import LABEL_FREE_SCORERS


@pytest.fixture(scope="module")
def field(disc_mask):
    return disc_mask((64, 64), (32, 36), 28)


@pytest.fixture(scope="module")
def masked(make_segmenter, disc, field):
    superpixels = SuperpixelTransformer(n_segments=40, mask=field)
    return make_segmenter(superpixels=superpixels).fit([disc])


def test_labels_are_void_outside_the_mask_and_only_there(masked, field, disc):
    for (labels,) in (masked.labels_, masked.predict([disc])):
        assert_array_equal(labels == -1, ~field)
        assert labels.dtype == np.int32


def test_soft_labels_are_zero_outside_the_mask(masked, field, disc):
    (proba,) = masked.predict_proba([disc])
    assert not proba[~field].any()
    assert_allclose(proba[field].sum(axis=-1), 1.0, atol=1e-5)


def test_features_know_no_mask(masked, disc):
    assert_allclose(masked.transform([disc])[0].sum(axis=-1), 1.0, atol=1e-5)


def test_void_is_not_scored(masked, field, disc):
    labels = masked.predict([disc])[0]
    truth = np.where(field, labels, np.arange(64))
    assert masked.score([disc], [truth]) == pytest.approx(1.0)


def test_mask_may_be_a_function_of_the_image(make_segmenter, make_image):
    superpixels = SuperpixelTransformer(n_segments=40, mask=lambda image: image > 100)
    X = [make_image((32, 40)), make_image((24, 48))]
    labels = make_segmenter(superpixels=superpixels).fit_predict(X)
    for map_, image in zip(labels, X, strict=True):
        assert_array_equal(map_ == -1, image <= 100)


def test_mask_may_be_what_is_finite(make_segmenter, make_image, tmp_path):
    X = [make_image((32, 40)) * 1.0, make_image((24, 48)) * 1.0]
    X[0][:9], X[1][5:8, 7], X[1][20, 30] = np.nan, np.inf, -np.inf
    segmenter = make_segmenter(superpixels__mask="finite")
    labels = segmenter.fit_predict(X)
    for map_, image in zip(labels, X, strict=True):
        assert_array_equal(map_ == -1, ~np.isfinite(image))
    # It is no code, which a file of a model could not hold.
    segmenter.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors").predict(X)
    for map_, expected in zip(again, labels, strict=True):
        assert_array_equal(map_, expected)
    assert LABEL_FREE_SCORERS["stability"](segmenter, X) <= 1


def test_finite_image_has_no_mask(make_segmenter, make_image):
    X = [make_image((32, 40))]
    labels = make_segmenter(superpixels__mask="finite").fit_predict(X)
    assert_array_equal(labels, make_segmenter().fit_predict(X))


def test_mask_of_another_shape_is_refused(make_segmenter, disc, field):
    model = make_segmenter(superpixels=SuperpixelTransformer(mask=field[:, 1:]))
    with pytest.raises(ValueError, match=r"image 0: .*mask .*\(64, 63\).*\(64, 64\)"):
        model.fit([disc])


def test_mask_of_another_shape_is_refused_in_predict(masked, disc):
    with pytest.raises(ValueError, match=r"image 1: .*mask .*\(64, 64\).*\(64, 60\)"):
        masked.predict([disc, disc[:, 4:]])


def test_mask_that_is_set_leaves_superpixels_their_size(disc, field):
    """Not 3,000 on a small image, as when the transformer is given as a whole."""
    model = SparseWNetSegmenter(base_channels=4, max_epochs=1, random_state=0)
    model.set_params(superpixels__mask=field).fit([disc])
    assert model.superpixels_.n_segments == field.sum() // 25
    again = clone(model).set_params(superpixels__n_segments=50).fit([disc])
    assert again.superpixels_.n_segments == 50


def test_empty_mask_is_refused(make_segmenter, disc, field):
    model = make_segmenter(superpixels=SuperpixelTransformer(mask=field & False))
    with pytest.raises(ValueError, match="image 0: the mask is empty"):
        model.fit([disc])


@pytest.mark.parametrize("reconstruction", ["patch", "image"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_nothing_depends_on_what_is_outside(
    reconstruction, dtype, make_segmenter, disc, field
):
    superpixels = SuperpixelTransformer(n_segments=40, mask=field)
    image = disc.astype(dtype)
    other = np.where(field.reshape(64, 64, *[1] * (image.ndim - 2)), image, 255 - image)
    assert (image != other).any()
    one, two = (
        make_segmenter(superpixels=superpixels, reconstruction=reconstruction).fit([x])
        for x in (image, other.astype(dtype))
    )
    assert one.loss_ == two.loss_
    assert_array_equal(one.intensity_range_, two.intensity_range_)
    assert_array_equal(one.predict([image])[0], two.predict([other])[0])


def test_images_with_a_mask_are_trained_beside_others_without(make_segmenter, disc):
    def bright(image):
        return image > (100 if image.mean() < 120 else -1)

    superpixels = SuperpixelTransformer(n_segments=40, mask=bright)
    light = np.clip(disc.astype(int) + 90, 0, 255).astype(np.uint8)
    assert disc.mean() < 120 < light.mean()
    model = make_segmenter(superpixels=superpixels).fit([disc, light])
    assert (model.labels_[0] == -1).any()
    assert (model.labels_[1] >= 0).all()


@pytest.fixture(scope="module")
def disc_with_nan():
    """Stripes in a disc, finite everywhere; the same, NaN outside; the disc."""
    rows, columns = np.mgrid[:64, :80]
    disc = np.hypot(rows - 32, columns - 40) < 28
    stripes = (
        1.0 + columns // 10 % 2 + np.random.default_rng(0).normal(0, 0.05, (64, 80))
    )
    return np.float32(stripes), np.float32(np.where(disc, stripes, np.nan)), disc


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["array", "function"])
@pytest.mark.parametrize(
    "baseline", [None, KMeansSuperpixelSegmenter, SpectralSuperpixelSegmenter]
)
def test_nan_outside_the_mask_changes_nothing(
    make_segmenter, baseline, kind, disc_with_nan
):
    make = partial(baseline, 2, random_state=0) if baseline else make_segmenter
    finite, image, disc = disc_with_nan
    fitted = []
    for mask in (disc, disc if kind == "array" else np.isfinite):
        superpixels = SuperpixelTransformer(n_segments=60, mask=mask)
        pixels = finite if not fitted else image
        fitted.append(make(superpixels=superpixels).fit([pixels]))
    expected, found = fitted
    assert_array_equal(found.labels_[0], expected.labels_[0])
    assert_array_equal(found.labels_[0] < 0, ~disc)
    for method in ("predict", "predict_proba", "transform", "reconstruct"):
        if hasattr(found, method):
            answer = getattr(found, method)([image])[0]
            assert_array_equal(answer, getattr(expected, method)([finite])[0])
            assert not np.isnan(answer).any()


def test_what_is_outside_changes_no_soft_label(make_segmenter, disc_with_nan):
    finite, _, disc = disc_with_nan
    superpixels = SuperpixelTransformer(n_segments=60, mask=disc)
    model = make_segmenter(superpixels=superpixels).fit([finite])
    other = np.where(disc, finite, 50.0)
    for method in ("transform", "reconstruct"):
        expected = getattr(model, method)([finite])[0]
        assert_array_equal(getattr(model, method)([other])[0], expected)


@pytest.fixture(scope="module")
def scan_with_void(make_segmenter, make_image, disc_mask):
    """Make a scan in a small field, with a value outside, and a model of it."""
    image = make_image((64, 64), dtype=np.float64)
    field = disc_mask((64, 64), (32, 36), 20)

    def scan(outside, factor=1.0):
        return np.where(field, factor * image, outside)

    superpixels = SuperpixelTransformer(n_segments=40, mask=field)
    return scan, make_segmenter(superpixels=superpixels).fit([scan(-9999.0)])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("outside", [-9999.0, 0.0, 1e6, np.nan])
def test_void_outside_the_mask_gives_no_warning_of_units(outside, scan_with_void):
    scan, model = scan_with_void
    model.predict([scan(outside)])


@pytest.mark.parametrize("outside", [-9999.0, 0.0, 150.0, np.nan])
def test_void_outside_the_mask_hides_no_other_units(outside, scan_with_void):
    scan, model = scan_with_void
    with pytest.warns(UserWarning, match="of image 1 hardly fit .* same units"):
        model.predict([scan(outside), scan(outside, 1 / 255)])
    with pytest.warns(UserWarning, match="of image 0 hardly fit .* same units"):
        model.predict([scan(outside, 30.0)])


def test_units_within_a_thin_mask_are_seen(make_segmenter, make_image):
    image = make_image((600, 600), dtype=np.float64)
    line = np.zeros(image.shape, bool)
    line[1::2, 1] = True
    superpixels = SuperpixelTransformer(n_segments=40, mask=line)
    model = make_segmenter(superpixels=superpixels).fit([image])
    with pytest.warns(UserWarning, match="of image 0 hardly fit .* same units"):
        model.predict([np.where(line, 30.0 * image, image)])


def test_nan_within_the_mask_is_refused(make_segmenter, disc_with_nan):
    _, image, disc = disc_with_nan
    with pytest.raises(ValueError, match="leave them out by a mask"):
        make_segmenter().fit([image])
    image = image.copy()
    image[32, 40] = np.inf
    superpixels = SuperpixelTransformer(n_segments=60, mask=disc)
    with pytest.raises(ValueError, match="NaN or infinity within its mask"):
        make_segmenter(superpixels=superpixels).fit([image])


@pytest.mark.parametrize(
    "changed",
    [
        {"superpixels__mask": np.ones((64, 64), bool)},
        {"superpixels__n_segments": "auto"},
        {"superpixels": SuperpixelTransformer("watershed")},
        {"superpixels": None},
    ],
)
def test_superpixels_set_after_the_fit_are_refused(
    changed, make_segmenter, disc, tmp_path
):
    model = make_segmenter().fit([disc])
    before, expected = clone(model.superpixels), model.predict([disc])
    model.set_params(**changed)
    for use in (model.predict, model.partial_fit, lambda X: model.save(tmp_path / "m")):
        with pytest.raises(ValueError, match=r"superpixels__\w+ changed since the fit"):
            use([disc])
    assert_array_equal(model.set_params(superpixels=before).predict([disc]), expected)
    model.set_params(**changed).fit([disc]).predict([disc])


def test_field_of_view_of_a_fitted_model_is_that_of_its_superpixels(
    make_segmenter, disc, field, tmp_path
):
    make_segmenter().fit([disc]).save(tmp_path / "model.safetensors")
    model = load_model(tmp_path / "model.safetensors")
    model.superpixels_.set_params(mask=field)
    assert_array_equal(model.predict([disc])[0] < 0, ~field)
    with pytest.raises(ValueError, match="superpixels__mask changed since the fit"):
        model.set_params(superpixels__mask=field).predict([disc])


def test_superpixels_of_baselines_set_after_the_fit_are_refused(disc, field):
    model = KMeansSuperpixelSegmenter(2, random_state=0).fit([disc])
    with pytest.raises(ValueError, match="superpixels__mask changed since the fit"):
        model.set_params(superpixels__mask=field).predict([disc])
