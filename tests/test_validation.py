"""Every bad input is refused with a message that names the image and the cure."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from PIL import Image
from scipy import sparse

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment._validation import check_images, check_label_maps

GOOD = np.arange(16 * 20, dtype=np.uint8).reshape(16, 20)


def with_value(value, dtype=np.float64):
    image = GOOD.astype(dtype)
    image[3, 4] = value
    return image


def structured():
    return np.zeros((16, 20), dtype=[("red", "u1"), ("green", "u1")])


AMBIGUOUS = {
    "one grey image": np.zeros((16, 20)),
    "one RGB image": np.zeros((16, 20, 3), np.uint8),
    "one RGBA image": np.zeros((16, 20, 4), np.uint8),
    "one tiny RGB image": np.zeros((2, 20, 3), np.uint8),
}

BAD_WHOLES = {
    **{
        name: (X, ValueError, r"wrap it in a list: \[X\]")
        for name, X in AMBIGUOUS.items()
    },
    "five axes": (np.zeros((1, 2, 16, 20, 3)), ValueError, r"expected \(n, H, W\)"),
    "no images": ([], ValueError, "at least one image"),
    "no images in a tuple": ((), ValueError, "at least one image"),
    "no images in an array": (np.zeros((0, 16, 20)), ValueError, "at least one image"),
    "name of a file": ("photo.png", TypeError, "read_images"),
    "bytes": (b"photo", TypeError, "read_images"),
    "path": (Path("photo.png"), TypeError, "read_images"),
    "dict": ({"photo": GOOD}, TypeError, r"list\(X\.values\(\)\)"),
    "None": (None, TypeError, "sequence of images"),
    "number": (7, TypeError, "sequence of images"),
    "array without axes": (np.array(3), TypeError, "sequence of images"),
    "generator": ((image for image in [GOOD]), TypeError, "sequence of images"),
    "sparse matrix": (sparse.csr_matrix(GOOD), (TypeError, ValueError), "toarray"),
    "sparse array": (sparse.csr_array(GOOD), (TypeError, ValueError), "toarray"),
    "masked stack": (np.ma.masked_less(np.stack([GOOD] * 2), 9), ValueError, "mask="),
    "image in nested lists": (
        GOOD.tolist(),
        ValueError,
        r"wrap it in a list: \[image\]",
    ),
}

BAD_IMAGES = {
    "NaN": (with_value(np.nan), "nan_to_num"),
    "infinity": (with_value(np.inf, np.float32), "nan_to_num"),
    "minus infinity": (with_value(-np.inf, np.float16), "nan_to_num"),
    "NaN among objects": (with_value(np.nan, object), "nan_to_num"),
    "no rows": (np.zeros((0, 20)), "empty"),
    "no columns": (np.zeros((16, 0, 3)), "empty"),
    "no channels": (np.zeros((16, 20, 0)), "empty"),
    "complex": (GOOD.astype(complex), r"numpy\.abs"),
    "complex without imaginary part": (GOOD.astype(np.complex64), r"numpy\.abs"),
    "too low": (np.zeros((7, 20)), "at least 8 pixels"),
    "too narrow": (np.zeros((20, 7, 3)), "at least 8 pixels"),
    "channels first": (np.zeros((3, 16, 20)), r"numpy\.moveaxis\(image, 0, -1\)"),
    "grey channel first": (np.zeros((1, 16, 20)), r"numpy\.moveaxis\(image, 0, -1\)"),
    "one row of pixels": (np.zeros(20), r"expected \(H, W\)"),
    "number": (3.0, r"expected \(H, W\)"),
    "volume of colours": (np.zeros((9, 16, 20, 3)), r"expected \(H, W\)"),
    "name of a file": ("photo.png", "read_images"),
    "path": (Path("photo.png"), "read_images"),
    "letters": (np.full((16, 20), "a"), "expected numbers"),
    "dates": (np.zeros((16, 20), "M8[s]"), "expected numbers"),
    "structured": (structured(), "expected numbers"),
    "None": (None, "number"),
    "object": (object(), "number"),
    "array of objects": (np.full((16, 20), object()), "number"),
    "dict": ({"pixels": GOOD}, "number"),
    "ragged rows": ([[1, 2], [3]], "number"),
    "masked": (np.ma.masked_less(GOOD, 9), r"mask=~image\.mask"),
    "palette": (Image.fromarray(GOOD).convert("P"), r"image\.convert\('RGB'\)"),
    "HSV": (Image.new("HSV", (20, 16)), r"mode HSV of .*image\.convert\('RGB'\)"),
    "YCbCr": (Image.new("YCbCr", (20, 16)), r"image\.convert\('RGB'\)"),
    "tensor with gradient": (
        torch.zeros(16, 20, requires_grad=True),
        r"no array of numbers .*detach",
    ),
    "sparse matrix": (sparse.csr_matrix(GOOD), "toarray"),
    "sparse array": (sparse.coo_array(GOOD), "toarray"),
}


@pytest.fixture(scope="module")
def entries(make_segmenter):
    """Bound methods that take images."""
    segmenter = make_segmenter().fit([GOOD])
    superpixels = SuperpixelTransformer(n_segments=40).fit([GOOD])
    return {
        "fit": SparseWNetSegmenter().fit,
        "fit_predict": SparseWNetSegmenter().fit_predict,
        "partial_fit": segmenter.partial_fit,
        "predict": segmenter.predict,
        "predict_proba": segmenter.predict_proba,
        "transform": segmenter.transform,
        "reconstruct": segmenter.reconstruct,
        "score": lambda X: segmenter.score(X, [GOOD] * 2),
        "superpixels.fit": SuperpixelTransformer().fit,
        "superpixels.transform": superpixels.transform,
        "superpixels.transform unfitted": SuperpixelTransformer().transform,
    }


ENTRIES = [
    "fit",
    "fit_predict",
    "partial_fit",
    "predict",
    "predict_proba",
    "transform",
    "reconstruct",
    "score",
    "superpixels.fit",
    "superpixels.transform",
    "superpixels.transform unfitted",
]


@pytest.mark.parametrize("case", BAD_WHOLES)
def test_bad_x_is_refused(case):
    X, error, message = BAD_WHOLES[case]
    with pytest.raises(error, match=message):
        check_images(X)


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_bad_image_is_refused_by_its_index_and_with_a_cure(case):
    image, message = BAD_IMAGES[case]
    with pytest.raises(ValueError, match=rf"(?s)^image 1\b.*{message}"):
        check_images([GOOD, image])


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_method_refuses_an_ambiguous_array(entry, entries):
    with pytest.raises(ValueError, match="wrap it in a list"):
        entries[entry](AMBIGUOUS["one RGB image"])


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_method_names_the_image_with_nan(entry, entries):
    with pytest.raises(ValueError, match="image 1 contains NaN"):
        entries[entry]([GOOD, with_value(np.nan)])


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_method_refuses_a_file_name(entry, entries):
    with pytest.raises(TypeError, match="read_images"):
        entries[entry]("photo.png")


@pytest.mark.parametrize("entry", ["fit", "superpixels.fit"])
def test_channels_have_to_agree(entry, entries):
    colour = np.stack([GOOD] * 3, axis=-1)
    with pytest.raises(ValueError, match=r"image 1 has 3 channel.*image 0 has 1"):
        entries[entry]([GOOD, colour])


def test_mixed_channels_are_told_from_channels_of_the_model():
    with pytest.raises(ValueError, match=r"image 0 has 1 channel.*fitted on 3"):
        check_images([GOOD], n_channels=3)


def test_stack_of_grey_images_is_no_colour_image():
    batch = check_images(np.zeros((3, 16, 20)))
    assert (len(batch.images), batch.n_channels, batch.stacked) == (3, 1, True)


def test_stack_of_one_channel():
    batch = check_images(np.zeros((2, 16, 20, 1)))
    assert (len(batch.images), batch.n_channels) == (2, 1)


def test_checked_images_are_views_and_not_copies():
    batch = check_images([GOOD])
    assert np.shares_memory(batch.images[0], GOOD)
    assert batch.images[0].shape == (16, 20, 1)


def test_image_in_nested_lists_within_a_list():
    batch = check_images([GOOD.tolist()])
    assert_array_equal(batch.images[0][..., 0], GOOD)


def test_shortest_side_allowed():
    assert check_images([np.zeros((8, 8))]).images[0].shape == (8, 8, 1)


# ---------------------------------------------------------------------------
# Ground truth


TRUTH = (GOOD > 100).astype(int)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([TRUTH], "1 ground truths for 2 images"),
        ([TRUTH, TRUTH.T], r"ground truth 1 has shape \(20, 16\).*\(16, 20\)"),
        (
            [TRUTH, TRUTH[..., np.newaxis]],
            r"ground truth 1 has shape \(16, 20, 1\), .* \(16, 20\); .*\(A, H, W\)",
        ),
        ([TRUTH, TRUTH + 0.5], "ground truth 1 .*whole numbers"),
        ([TRUTH, TRUTH.ravel()], "ground truth 1 has shape"),
        ([TRUTH, np.zeros((0, 16, 20), int)], "ground truth 1 has shape"),
        ([TRUTH, np.full((16, 20), "a")], "ground truth 1 .*expected numbers"),
        ([TRUTH, TRUTH * 1j], "ground truth 1 is complex"),
        ([TRUTH, np.full((16, 20), np.nan)], "ground truth 1"),
        ([TRUTH, "truth.png"], r"ground truth 1 .* sksegment\.io\.read_labels"),
        (
            [TRUTH, np.ma.masked_equal(TRUTH, 1)],
            r"ground truth 1 is a masked array; .*\.filled\(-1\)",
        ),
    ],
)
def test_bad_ground_truth_is_refused_by_its_index(y, message):
    with pytest.raises(ValueError, match=message):
        check_label_maps(y, [(16, 20), (16, 20)])


def test_numbers_of_a_palette_are_labels_of_a_ground_truth():
    picture = Image.fromarray(TRUTH.astype(np.uint8))
    picture.putpalette([0, 0, 0, 200, 10, 10])
    assert picture.mode == "P"
    ((found,),) = check_label_maps([picture], [TRUTH.shape])
    assert_array_equal(found, TRUTH)


def test_score_refuses_ground_truth_of_another_size(fitted, make_image):
    X = [make_image((16, 20), 3)]
    with pytest.raises(ValueError, match="ground truth 0 has shape"):
        fitted.score(X, [np.zeros((20, 16), int)])


def test_score_of_one_annotator_with_and_without_an_axis(fitted, make_image, disc_mask):
    X, truth = [make_image((32, 40), 3)], disc_mask((32, 40)).astype(int)
    assert fitted.score(X, [truth]) == fitted.score(X, [truth[np.newaxis]])


def test_score_takes_the_annotator_that_agrees_best(fitted, make_image):
    X = [make_image((32, 40), 3)]
    labels = fitted.predict(X)[0]
    noise = np.random.default_rng(0).integers(5, size=labels.shape)
    assert len(np.unique(labels)) > 1
    assert fitted.score(X, [np.stack([noise, labels])]) == pytest.approx(1.0)


def test_negative_ground_truth_is_not_scored(fitted, make_image):
    X = [make_image((32, 40), 3)]
    truth = fitted.predict(X)[0].copy()
    truth[:, :20] = 99
    assert fitted.score(X, [truth]) < 1.0
    truth[:, :20] = -1
    assert fitted.score(X, [truth]) == pytest.approx(1.0)


def test_ground_truth_of_floats_beyond_64_bits_is_scored(fitted, make_image):
    X = [make_image((32, 40), 3)]
    labels = fitted.predict(X)[0]
    truth = np.where(np.arange(40) < 20, labels, 1e300)
    assert fitted.score(X, [truth]) < 1.0


def test_score_needs_ground_truth(fitted, make_image):
    for arguments in [(), (None,)]:
        with pytest.raises(ValueError, match=r"y is None.*LABEL_FREE_SCORERS"):
            fitted.score([make_image((32, 40), 3)], *arguments)


@pytest.mark.skipif(
    np.finfo(np.longdouble).max == np.finfo(np.float64).max,
    reason="long double is float64 here",
)
@pytest.mark.parametrize("sign", [1, -1])
def test_values_beyond_float64_are_refused_and_those_within_are_not(sign):
    image = sign * np.longdouble("1e4000") * GOOD
    with pytest.raises(ValueError, match=r"image 1 has values beyond 1\.8e\+308"):
        check_images([GOOD, image])
    assert len(check_images([GOOD.astype(np.longdouble)]).images) == 1


def test_channels_that_seem_to_come_first_are_told():
    with pytest.warns(UserWarning, match="8 rows of 64 pixels with 64 channels"):
        check_images([np.zeros((8, 64, 64))])
