"""The scikit-learn contract: fit and its friends."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sksegment import SuperpixelTransformer
from sksegment.io import load_model
from sksegment.patches import PatchSampler

# Long enough for several labels.
LONGER = {"max_epochs": 3, "batches_per_epoch": 8}
QUESTIONS = ["predict", "predict_proba", "transform", "reconstruct"]


def test_fit_returns_self(estimator, images):
    assert estimator.fit(images) is estimator


def test_fit_of_the_sampler_returns_self():
    sampler = PatchSampler()
    assert sampler.fit(None) is sampler


def test_fit_ignores_y(estimator, images, answer, assert_same_maps):
    expected = answer(clone(estimator).fit(images, None), images)
    y = [np.ones(image.shape[:2], int) for image in images]
    assert_same_maps(answer(clone(estimator).fit(images, y), images), expected)


def test_fit_predict_is_fit_and_labels(make_w_net, images, assert_same_maps):
    estimator = make_w_net(**LONGER)
    labels = estimator.fit_predict(images)
    assert len(np.unique(labels[0])) > 1
    assert_same_maps(labels, estimator.labels_)
    assert_same_maps(labels, make_w_net(**LONGER).fit(images).predict(images))


def test_fit_predict_takes_y(make_w_net, images, assert_same_maps):
    y = [np.zeros(image.shape[:2], int) for image in images]
    labels = make_w_net(**LONGER).fit_predict(images, y)
    assert_same_maps(labels, make_w_net(**LONGER).fit_predict(images))


def test_fit_transform_is_fit_and_transform(make_w_net, images, assert_same_maps):
    expected = make_w_net(**LONGER).fit(images).transform(images)
    assert_same_maps(make_w_net(**LONGER).fit_transform(images), expected)


def test_fit_transform_of_superpixels_is_fit_and_transform(images, assert_same_maps):
    superpixels = SuperpixelTransformer(n_segments=40)
    expected = superpixels.fit(images).transform(images)
    assert_same_maps(clone(superpixels).fit_transform(images), expected)


@pytest.mark.parametrize(
    ("changed", "attribute"),
    [({"device": "cpu:0"}, "device"), ({"precision": "bfloat16"}, "dtype")],
)
def test_device_and_precision_that_are_set_after_the_fit_are_those_of_a_loaded_model(
    changed, attribute, make_w_net, images, answer, assert_same_maps, tmp_path
):
    model = make_w_net(**LONGER).fit(images)
    before = getattr(model.net_, attribute)
    model.set_params(**changed)
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert_same_maps(answer(model, images), answer(loaded, images))
    found, expected = (getattr(one.net_, attribute) for one in (model, loaded))
    assert found == expected != before


def test_training_goes_on_alike_where_the_device_was_changed(
    make_w_net, images, answer, assert_same_maps
):
    stayed, moved = (make_w_net(**LONGER).fit(images) for _ in range(2))
    moved.set_params(device="cpu:0")
    for model in (stayed, moved):
        model.partial_fit(images)
    assert moved.net_.device == "cpu:0"
    assert moved.history_[:, "loss"] == stayed.history_[:, "loss"]
    assert_same_maps(answer(moved, images), answer(stayed, images))


@pytest.mark.parametrize("method", [*QUESTIONS, "hierarchy", "partial_fit"])
def test_device_that_is_not_there_is_refused_after_the_fit_too(
    method, make_w_net, images
):
    model = make_w_net().fit(images).set_params(device="cuda:99")
    with pytest.raises(ValueError, match=r"device='cuda:99' .*; use 'auto' or 'cpu'"):
        getattr(model, method)(images)
    model.set_params(device="auto").predict(images)


@pytest.mark.parametrize("method", QUESTIONS)
def test_unfitted_segmenter_refuses_to_answer(method, make_w_net, images):
    with pytest.raises(NotFittedError):
        getattr(make_w_net(), method)(images)


def test_unfitted_segmenter_has_no_score(make_w_net, images):
    with pytest.raises(NotFittedError):
        make_w_net().score(images, [image[..., 0] for image in images])


def test_unfitted_segmenter_cannot_be_saved(make_w_net, tmp_path):
    with pytest.raises(NotFittedError):
        make_w_net().save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_superpixels_need_no_fit(images, assert_same_maps):
    superpixels = SuperpixelTransformer(n_segments=40)
    expected = clone(superpixels).fit_transform(images)
    assert_same_maps(superpixels.transform(images), expected)
    assert not [name for name in vars(superpixels) if name.endswith("_")]


def test_clone_of_a_fitted_estimator_is_unfitted(estimator, images, state_of):
    cloned = clone(estimator.fit(images))
    assert state_of(cloned) == state_of(estimator)
    assert not [name for name in vars(cloned) if name.endswith("_")]


def test_fit_again_forgets_the_first_fit(
    estimator, images, grey_images, answer, assert_same_maps
):
    expected = answer(clone(estimator).fit(grey_images), grey_images)
    again = estimator.fit(images).fit(grey_images)
    assert again.n_channels_in_ == 1
    assert_same_maps(answer(again, grey_images), expected)


def test_failed_fit_on_bad_input_leaves_the_estimator_unfitted(make_w_net):
    estimator = make_w_net()
    with pytest.raises(ValueError, match="image 0"):
        estimator.fit([np.full((16, 16), np.nan)])
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)


def test_order_of_the_images_does_not_matter_in_predict(
    estimator, images, answer, assert_same_maps
):
    maps = answer(estimator.fit(images), images)
    assert_same_maps(answer(estimator, images[::-1]), maps[::-1])


def test_answer_to_an_image_is_the_same_alone_and_in_company(
    estimator, images, answer, assert_same_maps
):
    maps = answer(estimator.fit(images), images)
    for index, image in enumerate(images):
        assert_same_maps(answer(estimator, [image]), maps[index : index + 1])


def test_labels_are_those_of_predict(make_w_net, images, assert_same_maps):
    model = make_w_net().fit(images)
    assert_same_maps(model.predict(images), model.labels_)


def test_training_on_images_of_two_units_gives_a_warning(make_w_net, images):
    with pytest.warns(UserWarning, match="of image 1 hardly fit .* same units"):
        make_w_net().fit([images[0], images[1] / 255])


def test_training_that_goes_on_in_other_units_gives_a_warning(make_w_net, images):
    model = make_w_net().fit(images)
    with pytest.warns(UserWarning, match="of image 0 hardly fit .* by 255"):
        model.partial_fit([images[0] / 255])
