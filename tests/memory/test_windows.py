"""Images that are labelled part by part get the labels of the whole."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

from sksegment.nn import build_wnet
from sksegment.training import TensorGrid, window_logits

PICTURES = {
    "astronaut": lambda: data.astronaut()[40:240, 120:330],
    "coffee": lambda: data.coffee()[100:300, 150:370],
    "gravel": lambda: data.gravel()[:200, :190],
    "camera": lambda: data.camera()[60:260, 120:330],
    "retina": lambda: data.retina()[500:700, 500:715],
}
SIDE = 41

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4])
def test_reach_is_as_far_as_a_value_depends_on_pixels(depth):
    encoder = build_wnet(
        0, n_channels=1, max_labels=3, base_channels=4, depth=depth
    ).encoder.double()
    for parameter in encoder.parameters():
        # With positive weights no ReLU hides that there is an influence.
        parameter.data.abs_().add_(0.01)
    encoder.eval()
    unit = 2**depth
    n_rows = unit * (2 * (encoder.reach // unit + 3) + 1)
    first = n_rows // 2 // unit * unit
    touched = torch.zeros(n_rows)
    for seed in range(6):
        torch.manual_seed(seed)
        x = torch.rand(1, 1, n_rows, 4 * unit, dtype=torch.double, requires_grad=True)
        encoder(x)[:, :, first : first + unit].sum().backward()
        touched += x.grad[0, 0].abs().sum(dim=1)
    rows = touched.nonzero()[:, 0]
    farthest = max(first - rows.min(), rows.max() - (first + unit - 1))
    assert farthest == encoder.reach


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("shape", [(70, 93), (9, 8), (64, 64), (5, 130)])
def test_logits_of_a_window_are_a_part_of_those_of_the_image(
    depth, shape, tiny_net_of_depth
):
    net = tiny_net_of_depth(depth)
    pixels = torch.rand(1, 2, *shape, generator=torch.Generator().manual_seed(0))
    whole = net.evaluation_step(pixels)
    encoder, grid = net._fused_encoder(), TensorGrid(pixels)
    for rows in (slice(0, 3), slice(3, shape[0]), slice(0, shape[0])):
        for columns in (slice(0, shape[1] // 2), slice(shape[1] // 2, shape[1])):
            z = window_logits(net, encoder, grid, rows, columns)
            difference = (z - whole[..., rows, columns]).abs().max()
            assert difference < 1e-5 * whole.abs().max()


@pytest.fixture
def tiny_net_of_depth(make_segmenter, make_image):
    def tiny_net_of_depth(depth):
        images = [make_image((40, 48), 2)]
        return make_segmenter(depth=depth).fit(images).net_

    return tiny_net_of_depth


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"resolution": 1.0, "depth": 3},
        {"resolution": 0.37, "position": 1.0, "depth": 2},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
def test_soft_labels_are_those_of_the_whole_image(
    make, params, request, texture, in_parts
):
    images = [texture((150, 171), 3), texture((97, 130), 3, seed=1)]
    model = request.getfixturevalue(make)(**params, max_epochs=2).fit(images)
    features, proba = model.transform(images), model.predict_proba(images)
    in_parts(SIDE)
    tolerance = 0.05 if "precision" in params else 1e-4
    for found, expected in zip(model.transform(images), features, strict=True):
        assert found.dtype == np.float32
        assert_allclose(found, expected, atol=tolerance)
    for found, expected in zip(model.predict_proba(images), proba, strict=True):
        assert_allclose(found, expected, atol=tolerance)


@pytest.mark.parametrize("name", PICTURES)
def test_labels_show_no_seams(name, make_segmenter, in_parts):
    """Not one pixel differs, so there is nothing to be seen."""
    image = PICTURES[name]()
    model = make_segmenter(superpixels__n_segments=400, max_labels=8, max_epochs=3)
    labels = model.fit([image]).predict([image])[0]
    assert len(np.unique(labels)) > 1
    in_parts(SIDE)
    assert_array_equal(model.predict([image])[0], labels)


@pytest.mark.parametrize("name", PICTURES)
def test_dense_labels_show_no_seams(name, make_dense, in_parts):
    image = PICTURES[name]()
    model = make_dense(max_labels=8, max_epochs=3).fit([image])
    labels = model.predict([image])[0]
    in_parts(SIDE)
    # Where two labels are equal up to rounding, either is right.
    assert (model.predict([image])[0] != labels).mean() < 1e-4


@pytest.mark.parametrize(
    "assignment", ["pixel", "region", "mean", "majority", "kmeans"]
)
def test_all_assignments(assignment, make_segmenter, texture, in_parts):
    image = texture((120, 133))
    model = make_segmenter(assignment=assignment, max_labels=6).fit([image])
    proba = model.predict_proba([image])[0]
    in_parts(20)
    assert_allclose(model.predict_proba([image])[0], proba, atol=1e-4)


def test_mask_and_joined_labels(make_segmenter, texture, in_parts):
    image, mask = texture((120, 133)), np.zeros((120, 133), bool)
    mask[10:100, 20:111] = True
    model = make_segmenter(max_labels=6, max_epochs=3, superpixels__mask=mask)
    model.fit([image]).merge_labels(2)
    labels = model.predict([image])[0]
    in_parts(20)
    found = model.predict([image])[0]
    assert_array_equal(found, labels)
    assert_array_equal(found == -1, ~mask)
    other = np.where(mask, image, 255 - image)
    assert_array_equal(model.predict([other])[0], found)


@pytest.mark.parametrize("name", ["contrast", "orientation_0", "orientation_45"])
def test_textures_of_parts(name, make_segmenter, texture, in_parts):
    image, mask = texture((120, 133)), np.zeros((120, 133), bool)
    mask[10:100, 20:111] = True
    model = make_segmenter(max_labels=6, max_epochs=3, superpixels__mask=mask)
    model.fit([image])
    model.label_textures_, model.texture_scales_ = np.empty((6, 0)), {}
    by_color = model.predict([image])[0]
    # A texture shall decide, whether or not it tells these labels apart.
    ends = (1.0, 3.0) if name == "contrast" else (-0.3, 0.3)
    model.label_textures_ = np.linspace(*ends, 6)[:, np.newaxis]
    model.texture_scales_ = {name: 0.025 * (ends[1] - ends[0])}
    proba = model.predict_proba([image])[0]
    in_parts(20)
    assert_allclose(model.predict_proba([image])[0], proba, atol=1e-3)
    labels = model.predict([image])[0]
    assert (labels != proba.argmax(axis=-1))[mask].mean() < 1e-3
    assert (labels != by_color)[mask].mean() > 0.1
    other = np.where(mask, image, 255 - image)
    assert_array_equal(model.predict([other])[0], labels)


@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
def test_regions(make, request, texture, in_parts):
    image = texture((120, 133))
    model = request.getfixturevalue(make)(n_regions=5).fit([image])
    labels = model.predict([image])[0]
    in_parts(20)
    assert_array_equal(model.predict([image])[0], labels)
