"""What a fitted segmenter tells: labels, features, reconstructions."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

ASSIGNMENTS = ["pixel", "region", "mean", "majority", "kmeans"]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_soft_labels_are_float32_and_sum_to_one(assignment, make_segmenter, X):
    probas = make_segmenter(assignment=assignment).fit(X).predict_proba(X)
    assert [proba.shape for proba in probas] == [(32, 40, 4), (25, 33, 4)]
    for proba in probas:
        assert proba.dtype == np.float32
        assert proba.min() >= 0
        assert_allclose(proba.sum(axis=-1), 1.0, atol=1e-5)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_labels_are_the_largest_of_the_soft_labels(
    assignment, make_segmenter, make_image, sharp_params
):
    X = [make_image((48, 48)), make_image((40, 44), seed=9)]
    params = sharp_params | {"beta_con": 0.01, "max_epochs": 5}
    model = make_segmenter(assignment=assignment, **params).fit(X[:1])
    for labels, proba in zip(model.predict(X), model.predict_proba(X), strict=True):
        assert len(np.unique(labels)) > 1
        assert_array_equal(proba.argmax(axis=-1), labels)


def test_assignments_differ(make_segmenter, disc):
    probas = [
        make_segmenter(assignment=assignment).fit([disc]).predict_proba([disc])[0]
        for assignment in ASSIGNMENTS
    ]
    for one, other in itertools.combinations(probas, 2):
        assert not np.allclose(one, other)


def test_features_are_float32_and_sum_to_one(make_segmenter, X):
    features = make_segmenter().fit(X).transform(X)
    assert [map_.shape for map_ in features] == [(32, 40, 4), (25, 33, 4)]
    for map_ in features:
        assert map_.dtype == np.float32
        assert_allclose(map_.sum(axis=-1), 1.0, atol=1e-5)


def test_superpixels_play_no_part_in_the_features(make_segmenter, X):
    model = make_segmenter().fit(X)
    expected = model.transform(X)
    model.superpixels_.set_params(n_segments=10)
    assert_array_equal(model.transform(X)[0], expected[0])


def test_mean_soft_label_is_the_mean_of_the_features(make_segmenter, disc):
    model = make_segmenter(assignment="mean", resolution=1.0).fit([disc])
    (superpixels,) = model.superpixels_.transform([disc])
    (features,), (proba,) = model.transform([disc]), model.predict_proba([disc])
    inside = superpixels == superpixels.max() // 2
    assert_allclose(proba[inside][0], features[inside].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("reconstruction", ["patch", "image"])
def test_reconstructions_have_the_form_of_the_images(reconstruction, make_segmenter, X):
    model = make_segmenter(reconstruction=reconstruction).fit(X)
    images = model.reconstruct(X)
    assert [image.shape for image in images] == [(32, 40, 3), (25, 33, 3)]
    assert {image.dtype for image in images} == {np.dtype(np.float32)}


def test_reconstruction_of_grey_has_one_channel(sharp, disc):
    assert sharp.reconstruct([disc])[0].shape == (64, 64, 1)


def test_reconstruction_is_in_the_units_of_the_image(make_segmenter, disc):
    params = {"max_epochs": 8, "batches_per_epoch": 8, "lr": 0.01}
    model = make_segmenter(reconstruction="image", **params).fit([disc])
    error = model.reconstruct([disc])[0][..., 0] - disc.astype(float)
    assert (error**2).mean() < 0.25 * disc.var()


def test_reconstruction_of_colour_is_in_the_units_of_the_image(
    make_segmenter, make_image
):
    X = [make_image((48, 48), 3)]
    params = {"max_epochs": 8, "batches_per_epoch": 8, "lr": 0.01}
    model = make_segmenter(reconstruction="image", **params).fit(X)
    error = model.reconstruct(X)[0] - X[0].astype(float)
    assert ((error**2).mean(axis=(0, 1)) < 0.25 * X[0].var(axis=(0, 1))).all()


def test_reconstruction_scales_with_the_unit(make_segmenter, disc):
    X = [disc / 256.0]
    small = make_segmenter().fit(X).reconstruct(X)[0]
    X = [disc * 1024.0]
    large = make_segmenter().fit(X).reconstruct(X)[0]
    assert_allclose(large, small * 2.0**18, rtol=1e-5, atol=1e-2)


def test_there_is_nothing_to_reconstruct_without_a_decoder(make_segmenter, X):
    model = make_segmenter(reconstruction="none").fit(X)
    with pytest.raises(ValueError, match="reconstruction='none'"):
        model.reconstruct(X)


def test_new_brightness_is_scaled_as_in_training(sharp, disc):
    # Half the light is another scene, not the same one scaled anew.
    dark = (disc * 0.4).astype(np.uint8)
    assert not np.array_equal(sharp.transform([dark])[0], sharp.transform([disc])[0])
