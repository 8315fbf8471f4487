"""What a fitted dense segmenter tells: labels, soft labels, reconstructions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal


@pytest.mark.parametrize("resolution", [0.3, 0.5, 1.0])
def test_labels_of_the_training_images_are_those_of_predict(resolution, make_dense, X):
    params = {"resolution": resolution, "batches_per_epoch": 8}
    model = make_dense(**params).fit(X)
    assert len(np.unique(model.labels_[0])) > 1
    for labels, expected in zip(model.predict(X), model.labels_, strict=True):
        assert labels.dtype == expected.dtype == np.int32
        assert_array_equal(labels, expected)


def test_line_two_pixels_wide_is_labelled_apart(cut, disc):
    image = disc.copy()
    image[4:6, 8:56] = 170
    (labels,) = cut.predict([image])
    assert labels[4:6, 10:54].mean() > 0.9
    assert labels[[0, 1, 8, 9], 10:54].mean() < 0.1


@pytest.mark.parametrize("resolution", [0.3, 1.0])
def test_soft_labels_sum_to_one_and_the_largest_is_the_label(resolution, make_dense, X):
    model = make_dense(resolution=resolution).fit(X[:1])
    probas = model.predict_proba(X)
    assert [proba.shape for proba in probas] == [(32, 40, 4), (25, 33, 4)]
    for proba, labels in zip(probas, model.predict(X), strict=True):
        assert proba.dtype == np.float32
        assert proba.min() >= 0
        assert_allclose(proba.sum(axis=-1), 1.0, atol=1e-5)
        assert_array_equal(proba.argmax(axis=-1), labels)


def test_soft_labels_are_the_features(make_dense, X):
    model = make_dense().fit(X)
    pairs = zip(model.predict_proba(X), model.transform(X), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.parametrize("n_channels", [None, 2, 3, 5])
@pytest.mark.parametrize("shape", [(8, 8), (9, 31), (33, 17)])
def test_any_size_and_number_of_channels(shape, n_channels, make_dense, make_image):
    X = [make_image(shape, n_channels)]
    model = make_dense(beta_cut=1.0, patches__shapes=((8, 8),)).fit(X)
    assert model.n_channels_in_ == (n_channels or 1)
    assert model.labels_[0].shape == shape
    assert model.predict_proba(X)[0].shape == (*shape, 4)


def test_images_not_seen_in_fit_may_have_any_size(fitted_dense, make_image):
    shapes = [(8, 40), (64, 9), (21, 21)]
    maps = fitted_dense.predict([make_image(shape, 3) for shape in shapes])
    assert [map_.shape for map_ in maps] == shapes


def test_ragged_list_in_and_list_out(make_dense, X):
    model = make_dense(beta_cut=1.0).fit(X)
    for maps in (model.labels_, model.predict(X)):
        assert isinstance(maps, list)
        assert [map_.shape for map_ in maps] == [(32, 40), (25, 33)]


def test_one_array_in_and_one_array_out(make_dense, grey_images):
    stack = np.stack(grey_images)
    model = make_dense().fit(stack)
    assert isinstance(model.labels_, np.ndarray)
    assert_array_equal(model.labels_, np.stack(model.predict(grey_images)))
    assert model.predict(stack).shape == (3, 32, 40)


@pytest.mark.parametrize("reconstruction", ["patch", "image"])
def test_reconstructions_have_the_form_of_the_images(reconstruction, make_dense, X):
    images = make_dense(reconstruction=reconstruction).fit(X).reconstruct(X)
    assert [image.shape for image in images] == [(32, 40, 3), (25, 33, 3)]
    assert {image.dtype for image in images} == {np.dtype(np.float32)}


@pytest.mark.parametrize("n_channels", [1, 3])
def test_reconstruction_is_in_the_units_of_the_image(
    n_channels, make_dense, make_image
):
    X = [make_image((48, 48), n_channels) * 40.0]
    params = {"beta_sim": 0.0, "beta_con": 0.0, "reconstruction": "image"}
    params |= {"resolution": 1.0, "max_epochs": 8, "batches_per_epoch": 8, "lr": 0.01}
    (image,) = make_dense(**params).fit(X).reconstruct(X)
    error = ((image - X[0]) ** 2).mean(axis=(0, 1))
    assert (error < 0.25 * X[0].var(axis=(0, 1))).all()


@pytest.mark.parametrize("reconstruction", ["patch", "image"])
def test_reconstruction_scales_with_the_unit(reconstruction, make_dense, disc):
    small, large = (
        make_dense(reconstruction=reconstruction).fit([image]).reconstruct([image])[0]
        for image in (disc / 256.0, disc * 1024.0)
    )
    assert_allclose(large, small * 2.0**18, rtol=1e-5, atol=1e-2)


def test_there_is_nothing_to_reconstruct_without_a_decoder(make_dense, X):
    model = make_dense(reconstruction="none").fit(X)
    assert model.net_.module_.decoder is None
    assert "rec" not in model.history_[0]
    with pytest.raises(ValueError, match=r"no decoder.*reconstruction='none'"):
        model.reconstruct(X)


def test_new_brightness_is_scaled_as_in_training(fitted_dense, make_image):
    # Half the light is another scene, not the same one scaled anew.
    image = make_image((32, 40), 3)
    dark = (image * 0.4).astype(np.uint8)
    bright, changed = (fitted_dense.transform([x])[0] for x in (image, dark))
    assert not np.allclose(bright, changed, atol=1e-3)


def test_bytes_as_floats_up_to_1_give_a_warning(fitted_dense, make_image):
    with pytest.warns(UserWarning, match="of image 0 hardly fit .* by 255"):
        fitted_dense.predict([make_image((32, 40), 3) / 255])
