"""Objects that are given instead of connected pieces."""

import numpy as np
import pytest
from skimage.measure import regionprops_table

from sksegment.postprocessing import quantify, separate_objects

pytest.importorskip("pandas")


@pytest.fixture
def labels():
    """Return a volume of three classes, void in a corner."""
    labels = np.random.default_rng(0).integers(0, 3, (6, 7, 8))
    labels[:, :2, :2] = -1
    return labels


@pytest.fixture
def objects(labels):
    """Return objects of the classes 1 and 2: slabs whose parts lie apart."""
    numbers = np.broadcast_to(np.arange(8) // 3, labels.shape)
    return np.where(labels > 0, 1 + numbers + 3 * (labels == 2), 0)


def test_given_objects_equal_those_of_scikit_image(labels, objects):
    image = np.random.default_rng(1).normal(size=labels.shape)
    spacing = (2.0, 0.5, 0.3)
    found = quantify(labels, spacing, unit="um", objects=objects, image=image).objects
    found = found.sort_values("object")
    wanted = ("label", "area", "centroid", "bbox", "mean_intensity")
    expected = regionprops_table(objects, image, wanted, spacing=spacing)
    assert found["object"].tolist() == expected["label"].tolist() == [*range(1, 7)]
    assert found["class"].tolist() == [1, 1, 1, 2, 2, 2]
    np.testing.assert_allclose(found["volume_um3"], expected["area"])
    np.testing.assert_allclose(found["mean_intensity"], expected["mean_intensity"])
    for axis, letter in enumerate("zyx"):
        np.testing.assert_allclose(
            found[f"centroid_{letter}_um"], expected[f"centroid-{axis}"]
        )
        assert found[f"start_{letter}"].tolist() == expected[f"bbox-{axis}"].tolist()
        assert found[f"stop_{letter}"].tolist() == expected[f"bbox-{axis + 3}"].tolist()


def test_surfaces_are_those_of_each_object(labels, objects):
    found = quantify(labels, objects=objects).objects
    padded = np.pad(objects, 1)
    for number, surface in zip(
        found["object"], found["surface_area_voxel2"], strict=True
    ):
        inside = (padded == number).astype(int)
        faces = [np.abs(np.diff(inside, axis=axis)).sum() for axis in range(3)]
        assert surface == sum(faces)


def test_classes_count_what_is_in_no_object(labels, objects):
    plain = quantify(labels).classes
    classes = quantify(labels, objects=objects).classes
    assert classes["n_voxels"].tolist() == plain["n_voxels"].tolist()
    assert classes["fraction"].tolist() == plain["fraction"].tolist()
    assert classes["n_objects"].tolist() == [0, 3, 3]


def test_void_is_part_of_no_object(labels, objects):
    objects[:, 0, 0] = 1
    found = quantify(labels, objects=objects).objects
    inside = (objects == 1) & (labels >= 0)
    assert found.set_index("object")["n_voxels"][1] == inside.sum()


def test_connected_pieces_as_objects_are_what_there_is_without(labels):
    from skimage.measure import label

    pieces = label(labels, background=-1, connectivity=1)
    given, plain = quantify(labels, objects=pieces), quantify(labels)
    assert given.objects.equals(plain.objects)
    assert given.classes.equals(plain.classes)


def test_a_map_and_maps_on_their_own():
    y, x = np.mgrid[:40, :70]
    pair = (np.hypot(y - 20, x - 20) < 15) | (np.hypot(y - 20, x - 48) < 15)
    maps = [pair.astype(int), pair[:, :35].astype(int)]
    objects = separate_objects(maps, 1, spatial="2d")
    found = quantify(maps, objects=objects, spatial="2d")
    assert found.objects["map"].tolist() == [0, 0, 1]
    assert found.objects["object"].tolist() == [1, 2, 1]
    assert found.classes["n_objects"].tolist() == [0, 2, 0, 1]
    alone = quantify(maps[0], 0.5, unit="um", objects=objects[0]).objects
    assert alone["area_um2"].tolist() == [n / 4 for n in alone["n_pixels"]]


def test_no_object_at_all_gives_an_empty_table(labels):
    found = quantify(labels, objects=np.zeros_like(labels))
    assert len(found.objects) == 0
    assert found.classes["n_objects"].tolist() == [0, 0, 0]


def test_an_object_in_two_classes_is_refused(labels, objects):
    objects[labels > 0] = 5
    with pytest.raises(ValueError, match=r"object 5 is in the classes 1, 2; an object"):
        quantify(labels, objects=objects)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: o[:-1], "objects has 5 slices, but labels has 6"),
        (lambda o: o[:, :-1], r"slice 0 of objects has shape \(6, 8\); expected \(7, "),
        (lambda o: o / 2, "slice 0 of objects holds float64"),
        (lambda o: o * 2**40, r"slice 0 of objects, or its labels, hold .*2147483647"),
    ],
)
def test_objects_that_do_not_suit_are_refused(labels, objects, change, message):
    with pytest.raises(ValueError, match=message):
        quantify(labels, objects=change(objects))


def test_a_path_is_refused_with_what_to_pass(labels):
    with pytest.raises(TypeError, match=r"objects is a path, .*read_labels\(path, voi"):
        quantify(labels, objects="objects.tif")
