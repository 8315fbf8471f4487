"""Training slices that are suggested without labels."""

import os
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imread, imsave

from sksegment import KMeansPixelSegmenter
from sksegment.datasets import make_tomogram
from sksegment.metrics import v_measure
from sksegment.stacks import open_stack, suggest_training_slices

DATA = Path(os.environ.get("SKSEGMENT_DATA", "data-is-not-there"))


def make_rock(n, seed=0, **params):
    return make_tomogram((n, 64, 64), random_state=seed, **params)[0]


def make_steel(n):
    return make_rock(n, kind="steel")


def make_air(n):
    """Slices of nothing but noise around the grey of air."""
    noise = np.random.default_rng(0).normal(14336, 1800, (n, 64, 64))
    return noise.clip(0).astype(np.uint16)


def test_one_index_by_default():
    chosen = suggest_training_slices(make_rock(7))
    assert len(chosen) == 1
    assert type(chosen[0]) is int
    assert 0 <= chosen[0] < 7


@pytest.mark.parametrize("n", [2, 3, 7])
def test_indices_are_different_and_ascending(n):
    chosen = suggest_training_slices(make_rock(7), n)
    assert len(chosen) == n
    assert chosen == sorted(set(chosen))


@pytest.mark.parametrize("steel_first", [True, False])
def test_two_slices_cover_two_materials(steel_first):
    parts = [make_steel(4), make_rock(8)]
    volume = np.concatenate(parts if steel_first else parts[::-1])
    chosen = suggest_training_slices(volume, 2)
    steel = range(4) if steel_first else range(8, 12)
    assert [index in steel for index in chosen].count(True) == 1


def test_one_slice_is_of_the_material_that_prevails():
    volume = np.concatenate([make_steel(3), make_rock(9)])
    assert suggest_training_slices(volume)[0] >= 3


def test_the_only_slice_with_a_rare_material_is_chosen():
    volume = make_rock(9, inclusions=0, cracks=0)
    volume[2, 10:26, 30:46] = 60000
    volume[6, 40:44, 30:34] = 60000
    assert suggest_training_slices(volume) == [2]


def test_constant_slices_are_never_chosen():
    volume = make_rock(9)
    volume[[0, 3, 4, 8]] = np.uint16([0, 30000, 65535, 0])[:, np.newaxis, np.newaxis]
    assert suggest_training_slices(volume, 5) == [1, 2, 5, 6, 7]


def test_slices_of_noise_are_never_chosen():
    volume = np.concatenate([make_air(4), make_rock(5), make_air(2)])
    assert suggest_training_slices(volume, 5) == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_slices_that_are_not_finite_are_never_chosen(value):
    volume = make_rock(5, dtype="float32")
    volume[2, 5, 5] = value
    assert suggest_training_slices(volume, 4) == [0, 1, 3, 4]


def test_damaged_files_are_never_chosen(tmp_path):
    for index, image in enumerate(make_rock(5)):
        imsave(tmp_path / f"{index}.png", image, check_contrast=False)
    middle = tmp_path / "2.png"
    middle.write_bytes(middle.read_bytes()[:1000])
    assert suggest_training_slices(tmp_path, 4) == [0, 1, 3, 4]


def test_the_same_in_every_run_and_for_every_kind_of_source(tmp_path):
    volume = make_rock(8)
    np.save(tmp_path / "volume.npy", volume)
    expected = suggest_training_slices(volume, 3)
    sources = [volume, list(volume), tmp_path / "volume.npy", open_stack(volume)]
    assert [suggest_training_slices(s, 3) for s in sources] == [expected] * 4
    turned = np.moveaxis(volume, 0, -1)
    assert suggest_training_slices(turned, 3, axes="YXZ") == expected


def test_the_unit_of_the_greys_does_not_matter():
    volume = make_rock(8).astype(np.float64)
    expected = suggest_training_slices(volume, 2)
    assert suggest_training_slices(1e-4 * volume - 30, 2) == expected


def test_slices_may_have_channels():
    volume = np.stack([make_rock(6), make_rock(6, contrast="neutron")], axis=-1)
    volume[2] = 7
    chosen = suggest_training_slices(volume, 5, axes="ZYXC")
    assert chosen == [0, 1, 3, 4, 5]


def test_channels_count_alike_in_any_unit():
    one, other = (make_rock(8, seed).astype(float) for seed in range(2))
    expected = suggest_training_slices(np.stack([one, other], -1), 3, axes="ZYXC")
    scaled = np.stack([one, 1e-9 * other, np.ones_like(one)], -1)
    assert suggest_training_slices(scaled, 3, axes="ZYXC") == expected
    opposite = np.stack([one, -one], -1)
    found = suggest_training_slices(opposite, 3, axes="ZYXC")
    assert found == suggest_training_slices(one, 3)


def test_large_slices_are_made_smaller():
    volume = np.kron(make_rock(3), np.ones((1, 13, 16), np.uint16))
    volume[1] = 9
    assert suggest_training_slices(volume, 2) == [0, 2]


class Counting:
    """An array that counts which of its slices are read."""

    def __init__(self, array):
        self.array, self.read = array, []
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, key):
        first = key[0] if isinstance(key, tuple) else key
        self.read += range(self.shape[0])[first]
        return self.array[key]


def test_of_a_long_stack_some_slices_are_read_once():
    source = Counting(make_rock(40))
    chosen = suggest_training_slices(source, 2, max_slices=5)
    assert source.read == [0, 10, 20, 29, 39]
    assert set(chosen) <= set(source.read)


@pytest.mark.parametrize("name", ["n", "max_slices"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, None])
def test_bad_numbers_are_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name}={value!r}; expected a whole"):
        suggest_training_slices(make_rock(3), **{name: value})


def test_more_slices_than_there_are():
    volume = make_rock(5)
    volume[1] = 0
    with pytest.raises(ValueError, match=r"n=5, but of the 5 slices .* 4 can be"):
        suggest_training_slices(volume, 5)


def test_what_lies_outside_the_mask_is_not_looked_at():
    rng = np.random.default_rng(0)
    volume = np.float32(rng.normal(size=(6, 40, 40)))
    volume[4, 10:30, 10:20] += 8.0
    mask = np.zeros((40, 40), bool)
    mask[8:32, 8:32] = True
    within = suggest_training_slices(volume, mask=mask)
    outside = volume.copy()
    outside[:, ~mask] = np.nan
    assert suggest_training_slices(outside, mask=mask) == within == [4]
    volume[2, :8] += 50.0
    assert suggest_training_slices(volume, mask=mask) == within
    for bad in (mask[1:], mask & False):
        with pytest.raises(ValueError, match="the mask has shape"):
            suggest_training_slices(volume, mask=bad)
    with pytest.raises(ValueError, match="the mask has NaN"):
        suggest_training_slices(volume, mask=np.where(mask, 1.0, np.nan))


def test_dataset_is_chosen(tmp_path):
    volume = make_rock(5)
    with pytest.importorskip("h5py").File(tmp_path / "a.h5", "w") as file:
        file["scan"], file["dark"] = volume, volume[:2]
    found = suggest_training_slices(tmp_path / "a.h5", 2, dataset="scan")
    assert found == suggest_training_slices(volume, 2)


def test_mask_may_be_a_function_of_the_slice():
    rng = np.random.default_rng(0)
    volume = np.float32(rng.normal(size=(6, 40, 40)))
    volume[4, 10:30, 10:20] += 8.0
    expected = suggest_training_slices(volume[1:])
    volume[0], volume[:, :8] = np.nan, np.nan
    with pytest.raises(ValueError, match="NaN"):
        suggest_training_slices(volume)
    for mask in (np.isfinite, "finite"):
        found = suggest_training_slices(volume, mask=mask)
        assert found == [expected[0] + 1] == [4]
    with pytest.raises(ValueError, match=r"of the 6 slices .* 5 can be"):
        suggest_training_slices(volume, 6, mask=np.isfinite)


def test_nothing_to_train_on():
    with pytest.raises(ValueError, match=r"no slice of .* they are constant"):
        suggest_training_slices(np.ones((4, 32, 32)))
    with pytest.raises(ValueError, match=r"no slice of .* NaN or infinity"):
        suggest_training_slices(np.full((4, 32, 32), np.nan))


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="SKSEGMENT_DATA is not set")
def test_better_than_the_middle_slice_of_a_sandstone():
    def load(kind, type_):
        paths = sorted(Path(DATA, "sandstone_xrm", kind).iterdir())
        return [imread(path)[::4, ::4].astype(type_) for path in paths]

    images, truths = load("images", np.uint8), load("labels", int)

    def score(index):
        model = KMeansPixelSegmenter(3, random_state=0).fit([images[index]])
        labels = model.predict(images)
        scores = list(map(v_measure, truths, labels))
        return np.mean(np.delete(scores, index))

    chosen = suggest_training_slices(images)[0]
    assert score(chosen) > score(len(images) // 2)
