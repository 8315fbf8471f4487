"""Made tomograms: what is in them, how it is seen, and bad parameters."""

import numpy as np
import pytest
from scipy.ndimage import binary_erosion
from sklearn.utils import check_random_state

from sksegment.datasets import make_tomogram

PORE, MATRIX, CLAY, INCLUSION, CRACK = range(5)
SHAPE = (16, 96, 96)


def make(shape=SHAPE, **params):
    return make_tomogram(shape, **{"random_state": 0, **params})


def make_plain(**params):
    """Make floats that nothing disturbs but what is named."""
    plain = {"noise": 0, "rings": 0, "drift": 0, "dtype": "float32"}
    return make(**{**plain, **params})


def fraction(labels, class_):
    return float((labels == class_).mean())


def inner(labels, class_):
    return binary_erosion(labels == class_, iterations=2)


def test_shape_and_types():
    volume, labels = make((3, 40, 70))
    assert volume.shape == labels.shape == (3, 40, 70)
    assert (volume.dtype, labels.dtype) == (np.uint16, np.int32)
    assert set(np.unique(labels)) <= {PORE, MATRIX, CLAY, INCLUSION, CRACK}


@pytest.mark.parametrize("shape", [(1, 32, 32), (2, 33, 90), (40, 32, 32)])
@pytest.mark.parametrize("kind", ["rock", "steel"])
def test_small_and_odd_shapes_are_finite_and_not_constant(shape, kind):
    volume, labels = make(shape, kind=kind, dtype="float32")
    assert volume.shape == labels.shape == shape
    assert np.isfinite(volume).all()
    assert volume.std() > 0


def test_uint16_is_the_float_volume_in_steps():
    floats, _ = make(dtype="float32")
    steps, _ = make(dtype=np.uint16)
    expected = np.clip(8192 + 40960 * floats, 0, 65535)
    np.testing.assert_allclose(steps, expected, atol=0.51)


@pytest.mark.parametrize("seed", range(3))
def test_fractions_of_the_default_rock(seed):
    _, labels = make(random_state=seed)
    assert fraction(labels, PORE) == pytest.approx(0.12, abs=0.001)
    assert 0.03 <= fraction(labels, CLAY) < 0.0501
    assert 0.01 <= fraction(labels, INCLUSION) < 0.0151
    assert 0.001 <= fraction(labels, CRACK) <= 0.05


def test_fractions_that_are_asked_for_are_exact():
    _, labels = make(porosity=0.25, clay=0.1, inclusions=0.03, cracks=0)
    found = [fraction(labels, class_) for class_ in (PORE, CLAY, INCLUSION, CRACK)]
    np.testing.assert_allclose(found, [0.25, 0.1, 0.03, 0], atol=1e-4)


def test_what_is_left_out_is_not_there():
    _, labels = make(porosity=0, clay=0, inclusions=0, cracks=0)
    assert (labels == MATRIX).all()


def test_steel_is_matrix_and_cracks():
    _, labels = make(kind="steel", cracks=3)
    assert set(np.unique(labels)) == {MATRIX, CRACK}
    assert 0.002 < fraction(labels, CRACK) < 0.1


def test_cracks_are_thin():
    _, labels = make(kind="steel", cracks=1)
    assert not binary_erosion(labels == CRACK, np.ones((1, 5, 5))).any()


def test_grains_are_as_large_as_asked_for():
    def borders(size):
        _, labels = make(grain_size=size, cracks=0, clay=0, inclusions=0)
        return (np.diff(labels, axis=1) != 0).mean()

    assert borders(10) > 1.5 * borders(20) > 2.2 * borders(40)


def test_a_seed_gives_the_same_tomogram_and_another_seed_another():
    volume, labels = make()
    again, same = make(random_state=np.random.RandomState(0))
    np.testing.assert_array_equal(volume, again)
    np.testing.assert_array_equal(labels, same)
    assert (make(random_state=1)[1] != labels).any()
    assert (make(random_state=None)[0] != make(random_state=None)[0]).any()


@pytest.mark.parametrize("seed", [None, 3])
def test_the_global_generator_is_left_alone(seed):
    state = check_random_state(None).get_state
    before = state()[1].copy()
    make((1, 32, 32), random_state=seed)
    np.testing.assert_array_equal(before, state()[1])


def test_how_it_is_seen_does_not_change_the_sample():
    _, labels = make()
    seen = {"contrast": "neutron", "noise": 1, "blur": 2, "rings": 1, "drift": 0.5}
    np.testing.assert_array_equal(make(**seen)[1], labels)


@pytest.mark.parametrize(
    ("contrast", "order"),
    [
        ("xray", [PORE, MATRIX, INCLUSION]),
        ("neutron", [CRACK, INCLUSION, MATRIX, PORE, CLAY]),
    ],
)
def test_order_of_the_greys(contrast, order):
    volume, labels = make(contrast=contrast, cracks=2)
    means = [volume[labels == class_].mean() for class_ in order]
    assert means == sorted(means)


def test_clay_has_the_grey_of_grains_but_a_rougher_texture():
    volume, labels = make_plain(clay=0.2, blur=0)
    clay, grains = volume[labels == CLAY], volume[labels == MATRIX]
    assert clay.mean() == pytest.approx(grains.mean(), rel=0.1)
    assert clay.std() > 3 * grains.std()


def test_noise_has_the_level_that_is_asked_for():
    clean, labels = make_plain()
    noisy, _ = make_plain(noise=0.2)
    residual = noisy - clean
    assert residual[labels == MATRIX].std() == pytest.approx(0.2 * 0.3, rel=0.05)
    assert residual[labels == INCLUSION].std() > residual[labels == PORE].std()


def test_blur_makes_edges_soft():
    sharp, labels = make_plain(blur=0)
    soft, _ = make_plain(blur=1.5)
    assert np.abs(np.diff(soft, axis=2)).max() < np.abs(np.diff(sharp, axis=2)).max()
    assert soft[inner(labels, PORE)].mean() == pytest.approx(0.15, abs=0.05)


def ring_profiles(volume):
    """Means along circles around the centre, for every slice."""
    _, height, width = volume.shape
    rows, columns = np.ogrid[:height, :width]
    centre = (height - 1) / 2, (width - 1) / 2
    radius = np.hypot(rows - centre[0], columns - centre[1]).round().astype(int)
    n = min(height, width) // 2
    sums = [np.bincount(radius.ravel(), plane.ravel())[4:n] for plane in volume]
    return np.stack(sums) / np.bincount(radius.ravel())[4:n]


def test_rings_lie_around_the_centre_and_last():
    steel = {"kind": "steel", "cracks": 0, "noise": 0.1}
    without = ring_profiles(make_plain(**steel)[0])
    rings = ring_profiles(make_plain(rings=0.3, **steel)[0])
    assert rings.std(axis=1).mean() > 4 * without.std(axis=1).mean()
    assert np.corrcoef(rings[0], rings[-1])[0, 1] > 0.7


@pytest.mark.parametrize("drift", [-0.3, 0.3])
def test_drift_changes_the_brightness_along_the_slices(drift):
    volume, _ = make_plain(kind="steel", cracks=0, drift=drift)
    still, _ = make_plain(kind="steel", cracks=0)
    ratio = volume.mean(axis=(1, 2)) / still.mean(axis=(1, 2))
    assert ratio[0] == pytest.approx(1, abs=1e-3)
    assert ratio[-1] == pytest.approx(1 + drift, abs=1e-3)
    assert (np.sign(np.diff(ratio)) == np.sign(drift)).mean() > 0.8


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_outside_the_field_of_view_there_is_a_constant_and_void(dtype):
    volume, labels = make((4, 64, 80), field_of_view=True, dtype=dtype)
    outside = labels == -1
    assert 1 - outside.mean() == pytest.approx(np.pi * 32**2 / (64 * 80), abs=0.02)
    assert (volume[outside] == 0).all()
    assert volume[~outside].std() > 0
    assert not outside[:, 32, 40].any()
    whole, classes = make((4, 64, 80), dtype=dtype)
    np.testing.assert_array_equal(volume[~outside], whole[~outside])
    np.testing.assert_array_equal(labels[~outside], classes[~outside])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shape", (64, 64)),
        ("shape", (0, 64, 64)),
        ("shape", (4, 31, 64)),
        ("shape", (4, 64.0, 64)),
        ("shape", 64),
        ("kind", "wood"),
        ("contrast", "light"),
        ("grain_size", 2),
        ("grain_size", "24"),
        ("porosity", -0.1),
        ("clay", float("nan")),
        ("inclusions", 1.0),
        ("cracks", -1),
        ("cracks", 1.5),
        ("cracks", True),
        ("noise", -0.1),
        ("blur", float("inf")),
        ("rings", None),
        ("drift", -1),
        ("dtype", "uint8"),
    ],
)
def test_bad_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        make_tomogram(**{"shape": (1, 32, 32), name: value})
