"""The scikit-learn contract: forms of the input."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

QUESTIONS = ["predict", "predict_proba", "transform", "reconstruct"]


def maps_of(estimator, X):
    return getattr(estimator, "predict", estimator.transform)(X)


def test_input_is_left_as_it_was(estimator, images, answer):
    before = [image.tobytes() for image in images]
    answer(estimator.fit(images), images)
    assert [image.tobytes() for image in images] == before
    assert all(image.flags.writeable for image in images)


@pytest.mark.parametrize("method", QUESTIONS)
def test_input_of_every_method_is_left_as_it_was(method, fitted, make_image):
    image = make_image((32, 40), 3, np.float32)
    before = image.tobytes()
    getattr(fitted, method)([image])
    assert image.tobytes() == before


def test_input_of_float32_in_0_to_1_is_left_as_it_was(make_w_net, make_image):
    X = np.stack([make_image(seed=seed) for seed in range(2)]) / np.float32(255)
    before = X.tobytes()
    make_w_net().fit(X).partial_fit(X).predict(X)
    assert X.dtype == np.float32
    assert X.tobytes() == before


def test_answer_does_not_share_memory_with_the_model(
    make_w_net, images, assert_same_maps
):
    model = make_w_net().fit(images)
    expected = [labels.copy() for labels in model.predict(images)]
    for labels in model.predict(images):
        labels[:] = -7
    assert_same_maps(model.predict(images), expected)


def test_read_only_memory_map_of_a_stack(estimator, grey_images, tmp_path, answer):
    X = np.stack(grey_images)
    expected = answer(clone(estimator).fit(X), X)
    np.save(tmp_path / "stack.npy", X)
    mapped = np.load(tmp_path / "stack.npy", mmap_mode="r")
    assert_array_equal(answer(estimator.fit(mapped), mapped), expected)


def test_list_of_read_only_memory_maps(
    estimator, images, tmp_path, answer, assert_same_maps
):
    expected = answer(clone(estimator).fit(images), images)
    mapped = []
    for index, image in enumerate(images):
        np.save(tmp_path / f"{index}.npy", image)
        mapped.append(np.load(tmp_path / f"{index}.npy", mmap_mode="r"))
    assert_same_maps(answer(estimator.fit(mapped), mapped), expected)


def test_answer_to_a_memory_map_is_a_plain_array(
    estimator, grey_images, tmp_path, answer
):
    np.save(tmp_path / "stack.npy", np.stack(grey_images))
    mapped = np.load(tmp_path / "stack.npy", mmap_mode="r")
    maps = answer(estimator.fit(mapped), list(mapped))
    assert {type(map_) for map_ in maps} == {np.ndarray}


def test_tuple_is_as_good_as_a_list(estimator, images, answer, assert_same_maps):
    expected = answer(clone(estimator).fit(images), images)
    found = answer(estimator.fit(tuple(images)), tuple(images))
    assert isinstance(found, list)
    assert_same_maps(found, expected)


def test_object_array_is_as_good_as_a_list(estimator, images, answer, assert_same_maps):
    X = np.empty(2, dtype=object)
    X[:] = images
    expected = answer(clone(estimator).fit(images), images)
    found = answer(estimator.fit(X), X)
    assert isinstance(found, list)
    assert_same_maps(found, expected)


def test_four_dimensional_object_array_is_as_good_as_a_list(
    estimator, make_image, answer
):
    # The elements are Python's own numbers: that they were uint8 would be lost.
    images = [make_image((16, 20), 3, np.float64, seed=seed) for seed in range(2)]
    expected = answer(clone(estimator).fit(images), images)
    X = np.array(images, dtype=object)
    assert X.ndim == 4
    assert_array_equal(answer(estimator.fit(X), X), np.stack(expected))


@pytest.mark.parametrize("n_channels", [None, 1, 3])
def test_one_array_in_and_one_array_out(n_channels, estimator, make_image):
    images = [make_image((24, 32), n_channels, seed=seed) for seed in range(2)]
    expected = maps_of(clone(estimator).fit(images), images)
    found = maps_of(estimator.fit(np.stack(images)), np.stack(images))
    assert isinstance(found, np.ndarray)
    assert found.shape == (2, 24, 32)
    assert found.dtype == np.int32
    assert_array_equal(found, np.stack(expected))


def test_form_of_the_answer_follows_each_call(make_w_net, grey_images):
    model = make_w_net().fit(np.stack(grey_images))
    assert isinstance(model.labels_, np.ndarray)
    assert isinstance(model.predict(grey_images), list)
    assert isinstance(model.predict(np.stack(grey_images)), np.ndarray)


@pytest.mark.parametrize("method", ["predict_proba", "transform", "reconstruct"])
def test_every_method_stacks_when_x_is_one_array(method, make_w_net, grey_images):
    model = make_w_net().fit(grey_images)
    stacked = getattr(model, method)(np.stack(grey_images))
    assert isinstance(stacked, np.ndarray)
    assert_array_equal(stacked, np.stack(getattr(model, method)(grey_images)))


def test_stack_of_one_image(make_w_net, grey_images):
    labels = make_w_net().fit_predict(np.stack(grey_images[:1]))
    assert labels.shape == (1, 32, 40)


def test_grey_image_with_and_without_a_channel_axis(
    estimator, grey_images, answer, assert_same_maps
):
    expected = answer(clone(estimator).fit(grey_images), grey_images)
    X = [image[..., np.newaxis] for image in grey_images]
    assert_same_maps(answer(estimator.fit(X), X), expected)


def test_sizes_may_differ(estimator, make_image):
    X = [make_image(shape, 3) for shape in [(16, 40), (33, 21), (24, 24)]]
    maps = maps_of(estimator.fit(X), X)
    assert [map_.shape for map_ in maps] == [(16, 40), (33, 21), (24, 24)]


def test_sizes_not_seen_in_fit(estimator, images, make_image):
    maps = maps_of(estimator.fit(images), [make_image((19, 51), 3)])
    assert maps[0].shape == (19, 51)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_any_number_of_channels(n_channels, estimator, make_image):
    X = [make_image((24, 32), n_channels)]
    (map_,) = maps_of(estimator.fit(X), X)
    assert map_.shape == (24, 32)
    assert map_.dtype == np.int32
    assert map_.min() == 0
    assert estimator.n_channels_in_ == n_channels


@pytest.mark.parametrize(
    "dtype",
    [
        np.bool_,
        np.uint8,
        np.int16,
        np.uint16,
        ">u2",
        np.int64,
        np.float16,
        np.float32,
        np.float64,
    ],
)
def test_any_dtype(dtype, estimator, make_image):
    image = make_image((24, 32), 3, np.float64) / 255
    if dtype is np.bool_:
        image = image > 0.5
    elif np.dtype(dtype).kind in "iu":
        image = 200 * image - (100 if np.dtype(dtype).kind == "i" else 0)
    X = [image.astype(dtype)]
    (map_,) = maps_of(estimator.fit(X), X)
    assert map_.shape == (24, 32)
    assert np.unique(map_).min() == 0


def test_byte_order_changes_nothing(estimator, make_image, answer, assert_same_maps):
    X = [make_image((24, 32), 3, np.uint16)]
    expected = answer(clone(estimator).fit(X), X)
    swapped = [image.astype(">u2") for image in X]
    assert_same_maps(answer(estimator.fit(swapped), swapped), expected)


def test_memory_layout_changes_nothing(estimator, make_image, answer, assert_same_maps):
    image = make_image((24, 32), 3)
    expected = answer(clone(estimator).fit([image]), [image])
    views = [np.asfortranarray(image), image[::-1].copy()[::-1]]
    for view in views:
        assert_same_maps(answer(clone(estimator).fit([view]), [view]), expected)


@pytest.mark.parametrize("n_channels", [None, 3])
def test_unit_of_the_intensities_changes_nothing(
    n_channels, estimator, make_image, answer, assert_same_maps
):
    image = make_image((24, 32), n_channels, np.float64) / 256
    expected = answer(clone(estimator).fit([image]), [image])
    # By a power of two, so that not even the rounding changes.
    large = image * 2.0**20
    assert_same_maps(answer(estimator.fit([large]), [large]), expected)


@pytest.mark.filterwarnings("ignore:patches of")
@pytest.mark.parametrize("shape", [(8, 8), (8, 9), (9, 31), (33, 17), (8, 64)])
def test_odd_sizes(shape, estimator, make_image):
    X = [make_image(shape, 3)]
    (map_,) = maps_of(estimator.fit(X), X)
    assert map_.shape == shape


@pytest.mark.filterwarnings("ignore:patches of")
@pytest.mark.parametrize("depth", [0, 1, 3, 4])
@pytest.mark.parametrize("shape", [(8, 8), (17, 23)])
def test_smallest_images_with_any_depth(shape, depth, make_w_net, make_image):
    model = make_w_net(depth=depth)
    X = [make_image(shape)]
    assert model.fit_predict(X)[0].shape == shape


@pytest.mark.parametrize("value", [0, 137])
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32])
def test_constant_image(value, dtype, estimator):
    X = [np.full((24, 32), value).astype(dtype)]
    (map_,) = maps_of(estimator.fit(X), X)
    assert map_.shape == (24, 32)
    assert (map_ >= 0).all()


@pytest.mark.parametrize(
    "assignment", ["pixel", "region", "mean", "majority", "kmeans"]
)
def test_constant_image_has_finite_soft_labels(assignment, make_segmenter):
    model = make_segmenter(assignment=assignment)
    (proba,) = model.fit([np.full((24, 32), 9.0)]).predict_proba([np.zeros((24, 32))])
    assert np.isfinite(proba).all()


@pytest.mark.parametrize(
    "assignment", ["pixel", "region", "mean", "majority", "kmeans"]
)
def test_constant_image_raises_no_warning_but_that_it_is(assignment, make_segmenter):
    model = make_segmenter(assignment=assignment, resolution=1.0, depth=0)
    with pytest.warns(UserWarning, match="image 0 all pixels are equal") as caught:
        model.fit([np.full((24, 32), 9.0)])
    assert len(caught) == 1


def test_number_of_channels_has_to_be_that_of_the_fit(
    estimator, images, grey_images, answer
):
    estimator.fit(images)
    with pytest.raises(ValueError, match=r"image 0 has 1 channel.* fitted on 3"):
        answer(estimator, grey_images)


@pytest.mark.parametrize("method", QUESTIONS + ["partial_fit"])
def test_every_method_checks_the_number_of_channels(method, fitted, make_image):
    X = [make_image((24, 32), 3), make_image((24, 32), 2)]
    with pytest.raises(ValueError, match=r"image 1 has 2 channel.* fitted on 3"):
        getattr(fitted, method)(X)
