"""Parameters that make no sense."""

import numpy as np
import pytest

from sksegment import SuperpixelTransformer
from sksegment.patches import PatchSampler

TERMS = {"rec": "beta_rec", "cut": "beta_cut", "sim": "beta_sim", "con": "beta_con"}
NO_LOSS = dict.fromkeys(TERMS.values(), 0.0)


@pytest.mark.parametrize("name", TERMS.values())
@pytest.mark.parametrize("value", [-0.1, float("nan"), "much", None])
def test_beta_has_to_be_a_number_of_at_least_zero(name, value, make_segmenter, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        make_segmenter(**{name: value}).fit(X)


def test_all_betas_zero_is_refused(make_segmenter, X):
    with pytest.raises(ValueError, match=r"all betas are zero.*beta_rec.*beta_con"):
        make_segmenter(**NO_LOSS).fit(X)


def test_beta_rec_alone_is_refused_without_reconstruction(make_segmenter, X):
    params = NO_LOSS | {"beta_rec": 1.0, "reconstruction": "none"}
    with pytest.raises(ValueError, match="beta_rec is unused"):
        make_segmenter(**params).fit(X)


def test_all_betas_zero_is_refused_in_partial_fit(make_segmenter, X):
    model = make_segmenter().fit(X).set_params(**NO_LOSS)
    with pytest.raises(ValueError, match="all betas are zero"):
        model.partial_fit(X)


@pytest.mark.parametrize(
    ("name", "value"),
    [("beta_sim", -0.1), ("lr", -1e-3), ("max_epochs", 0), ("batches_per_epoch", -1)],
)
def test_parameter_that_became_bad_after_the_fit_is_named_in_partial_fit(
    name, value, make_segmenter, X
):
    model = make_segmenter().fit(X).set_params(**{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        model.partial_fit(X)
    assert model.n_iter_ == len(model.net_.history)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_labels", 1),
        ("max_labels", 4.0),
        ("superpixels", 40),
        ("patches", [(16, 16)]),
        ("tau", "large"),
        ("tau", float("nan")),
        ("tau", float("inf")),
        ("reconstruction", "patches"),
        ("assignment", "median"),
        ("init", "zeros"),
        ("base_channels", 0),
        ("depth", -1),
        ("resolution", 0.0),
        ("resolution", 1.5),
        ("max_epochs", 0),
        ("batches_per_epoch", 0),
        ("lr", 0.0),
        ("lr", -1e-3),
        ("position", -0.1),
        ("n_init", 0),
        ("device", 3),
        ("precision", "float16"),
        ("random_state", "seed"),
        ("verbose", "loud"),
    ],
)
def test_bad_parameter_is_named(name, value, make_segmenter, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        make_segmenter(**{name: value}).fit(X)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_segments", 1),
        ("n_segments", 2.5),
        ("compactness", 0.0),
        ("sigma", -1.0),
        ("method", "quick"),
        ("mask", 3),
    ],
)
def test_bad_parameter_of_the_superpixels_is_named(name, value, make_segmenter, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        make_segmenter(**{f"superpixels__{name}": value}).fit(X)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"shapes": [(0, 3)]}, r"patch shape \(0, 3\)"),
        ({"shapes": [(-16, 16)]}, r"patch shape \(-16, 16\)"),
        ({"shapes": [(3, 16)]}, r"patch shape \(3, 16\)"),
        ({"shapes": [(16.0, 16)]}, r"patch shape \(16\.0, 16\)"),
        ({"shapes": [16]}, r"patch shape \(16,\)"),
        ({"shapes": [(16, 16, 3)]}, r"patch shape \(16, 16, 3\)"),
        ({"shapes": (16, 16)}, "patch shape"),
        ({"shapes": []}, "one count for every shape"),
        ({"shapes": [("a", "b")]}, "patch shape"),
        ({"counts": (8, 8)}, r"1 shape\(s\) and 2 count\(s\)"),
        ({"counts": ()}, r"1 shape\(s\) and 0 count\(s\)"),
        ({"counts": (0,)}, "patch count 0"),
        ({"counts": (-3,)}, "patch count -3"),
        ({"counts": (2.5,)}, r"patch count 2\.5"),
        ({"flip": "yes"}, "'flip' parameter"),
        ({"rotate": 3}, "'rotate' parameter"),
        ({"region": np.zeros((32, 40))}, "patch region of image 0"),
        ({"region": np.ones((5, 5))}, "patch region of image 0 has shape"),
        ({"region": (slice(90, 99), slice(0, 9))}, "patch region of image 0"),
        ({"region": [np.ones((32, 40))] * 2}, "list of 2 for 1"),
    ],
    ids=str,
)
def test_nonsensical_patches_are_refused(params, message, make_segmenter, X):
    sampler = PatchSampler(shapes=((16, 16),), counts=(8,)).set_params(**params)
    with pytest.raises(ValueError, match=message):
        make_segmenter(patches=sampler).fit(X[:1])


def one_piece(image):
    return np.zeros(image.shape[:2], int)


def no_piece(image):
    return np.full(image.shape[:2], -1)


def test_fewer_than_two_superpixels_are_refused(make_segmenter, X):
    model = make_segmenter(superpixels__method=one_piece)
    with pytest.raises(
        ValueError, match=r"image 0 .*two superpixels.*superpixels__n_segments"
    ):
        model.fit(X)


def test_image_without_superpixels_is_refused(make_segmenter, X):
    model = make_segmenter(superpixels__method=no_piece)
    with pytest.raises(ValueError, match=r"^image 0: .*no label"):
        model.fit(X)


def test_fewer_than_two_superpixels_within_the_mask_name_the_image(
    make_segmenter, make_image
):
    def all_or_one_pixel(image):
        mask = np.ones(image.shape[:2], bool)
        if image.shape[1] == 32:
            mask[1:] = mask[:, 1:] = False
        return mask

    superpixels = SuperpixelTransformer(n_segments=20, mask=all_or_one_pixel)
    model = make_segmenter(superpixels=superpixels)
    with pytest.raises(ValueError, match=r"image 1 .*two superpixels.*mask"):
        model.fit([make_image((32, 40)), make_image((32, 32))])


def test_image_with_one_superpixel_can_be_predicted(make_segmenter, X):
    model = make_segmenter().fit(X)
    model.superpixels_.set_params(method=one_piece)
    assert set(np.unique(model.predict(X)[0])) <= set(np.unique(model.labels_[0]))
    model.set_params(assignment="mean")
    assert len(np.unique(model.predict(X)[0])) == 1


def test_image_without_superpixels_is_refused_in_predict(make_segmenter, X):
    model = make_segmenter().fit(X)
    model.superpixels_.set_params(method=no_piece)
    with pytest.raises(ValueError, match=r"^image 0: .*no label"):
        model.predict(X)


def test_callable_superpixels_of_the_wrong_shape_are_refused(make_segmenter, X):
    model = make_segmenter(superpixels__method=lambda image: image)
    with pytest.raises(ValueError, match=r"^image 0: the superpixel callable"):
        model.fit(X)


@pytest.mark.parametrize("wrong", [{"assignment": "pixels"}, {"n_regions": -3}])
def test_what_makes_no_sense_is_refused_after_the_fit_too(wrong, make_segmenter, X):
    model = make_segmenter().fit(X).set_params(**wrong)
    for use in (model.predict, model.predict_proba, model.transform):
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
            use(X)
