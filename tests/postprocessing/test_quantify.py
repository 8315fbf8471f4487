import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.measure import label, regionprops_table

from sksegment.postprocessing import quantify


def random_volume(seed, shape=(7, 11, 13), n_classes=3, void=0.1, smooth=0.7):
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.normal(size=shape), smooth)
    edges = np.quantile(noise, np.linspace(0, 1, n_classes + 1)[1:-1])
    volume = np.digitize(noise, edges)
    volume[rng.random(shape) < void] = -1
    return volume


def row(frame, **conditions):
    for name, value in conditions.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def box(shape=(6, 9, 10), where=np.s_[1:3, 2:5, 4:8]):
    volume = np.zeros(shape, int)
    volume[where] = 1
    return volume


def test_a_box_has_the_numbers_of_a_box():
    result = quantify(box(), (2.0, 0.5, 0.25), unit="um")
    found = row(result.objects, **{"class": 1})
    assert found["n_voxels"] == 2 * 3 * 4
    assert found["volume_um3"] == 24 * 0.25
    # A box of 4 x 1.5 x 1 um.
    assert found["surface_area_um2"] == 2 * (4 * 1.5 + 4 * 1 + 1.5 * 1)
    assert found["equivalent_diameter_um"] == pytest.approx((36 / np.pi) ** (1 / 3))
    assert [found[f"centroid_{a}_voxel"] for a in "zyx"] == [1.5, 3.0, 5.5]
    assert [found[f"centroid_{a}_um"] for a in "zyx"] == [3.0, 1.5, 1.375]
    assert [found[f"start_{a}"] for a in "zyx"] == [1, 2, 4]
    assert [found[f"stop_{a}"] for a in "zyx"] == [3, 5, 8]
    assert not found["touches_border"]
    assert result.spacing == (2.0, 0.5, 0.25)
    assert result.unit == "um"


def test_maps_on_their_own_have_the_tables_of_each():
    maps = [random_volume(seed)[0] for seed in range(3)]
    maps[1] = maps[1][:5, :4]
    images = [map_ * 2.0 for map_ in maps]
    options = {"unit": "um", "class_names": {7: "rare"}}
    result = quantify(maps, (0.5, 2), spatial="2d", image=images, **options)
    for number, (map_, image) in enumerate(zip(maps, images, strict=True)):
        alone = quantify(map_, (0.5, 2), image=image, **options)
        for name in ("classes", "objects"):
            frame = getattr(result, name)
            found = frame[frame["map"] == number].drop(columns="map")
            assert found.columns.tolist() == getattr(alone, name).columns.tolist()
            assert (found.to_numpy() == getattr(alone, name).to_numpy()).all()
    assert (result.spacing, result.unit) == ((0.5, 2.0), "um")


def test_maps_of_nothing_but_void_have_no_rows():
    result = quantify(np.full((2, 3, 4), -1), spatial="2d")
    assert (len(result.classes), len(result.objects)) == (0, 0)
    assert result.classes.columns[0] == "map"


def test_volume_may_be_said():
    by_default, said = quantify(box()), quantify(box(), spatial="3d")
    assert said.objects.equals(by_default.objects)


def test_classes_have_their_fractions_of_what_is_not_void():
    volume = box()
    volume[5] = -1
    classes = quantify(volume, 2, unit="mm").classes
    assert classes["class"].tolist() == [0, 1]
    assert classes["n_voxels"].tolist() == [5 * 90 - 24, 24]
    assert classes["fraction"].tolist() == [(450 - 24) / 450, 24 / 450]
    assert classes["volume_mm3"].tolist() == [8 * 426, 8 * 24]
    assert classes["n_objects"].tolist() == [1, 1]


def test_a_ball_has_the_volume_and_diameter_of_a_ball():
    spacing, radius = (2.0, 1.0, 1.0), 20.0
    z, y, x = np.mgrid[-12:13, -24:25, -24:25]
    ball = ((2 * z) ** 2 + y**2 + x**2 <= radius**2).astype(int)
    found = row(quantify(ball, spacing, unit="um").objects, **{"class": 1})
    assert found["volume_um3"] == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.01)
    assert found["equivalent_diameter_um"] == pytest.approx(2 * radius, rel=0.004)
    # Faces overestimate the surface of a ball by half, as the documentation says.
    assert found["surface_area_um2"] == pytest.approx(6 * np.pi * radius**2, rel=0.02)


def test_a_map_has_areas_and_perimeters():
    map_ = box()[1]
    result = quantify(map_, (0.5, 0.25), unit="um")
    found = row(result.objects, **{"class": 1})
    assert found["n_pixels"] == 12
    assert found["area_um2"] == 1.5
    assert found["perimeter_um"] == 2 * (1.5 + 1)
    assert found["equivalent_diameter_um"] == pytest.approx(np.sqrt(6 / np.pi))
    assert (found["centroid_y_pixel"], found["centroid_x_um"]) == (3.0, 1.375)
    assert result.classes["area_um2"].tolist() == [90 / 8 - 1.5, 1.5]
    assert not [name for name in result.objects if "_z" in name or "voxel" in name]


def test_columns_say_voxels_without_a_spacing_and_unit_without_a_unit():
    objects = quantify(box()).objects
    assert {"n_voxels", "volume_voxel3", "surface_area_voxel2"} < {*objects}
    assert {"equivalent_diameter_voxel", "centroid_x_voxel"} < {*objects}
    assert objects["volume_voxel3"].tolist() == objects["n_voxels"].tolist()
    assert {"area_pixel2", "perimeter_pixel"} < {*quantify(box()[1]).objects}
    assert {"volume_unit3", "centroid_z_unit"} < {*quantify(box(), 1.5).objects}


def test_touching_objects_of_two_classes_are_two_objects():
    volume = box()
    volume[1:3, 5:7, 4:8] = 2
    objects = quantify(volume).objects
    assert objects["class"].tolist() == [0, 1, 2]
    assert row(objects, **{"class": 1})["surface_area_voxel2"] == 2 * (6 + 8 + 12)
    assert row(objects, **{"class": 2})["surface_area_voxel2"] == 2 * (4 + 8 + 8)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("flip", [False, True])
def test_arms_of_a_u_are_one_object_however_it_lies(axis, flip):
    shape = np.zeros((5, 5, 3), int)
    shape[1:, 1, 1] = shape[1:, 3, 1] = shape[4, 1:4, 1] = 1
    shape = np.moveaxis(shape[::-1] if flip else shape, 0, axis)
    objects = quantify(shape).objects
    assert row(objects, **{"class": 1})["n_voxels"] == 9


def test_contact_through_edges_and_corners_is_no_contact():
    volume = np.full((2, 2, 2), -1)
    volume[0, 0, 0] = volume[1, 1, 1] = volume[0, 1, 1] = 1
    objects = quantify(volume).objects
    assert objects["n_voxels"].tolist() == [1, 2]
    assert quantify(np.eye(3, dtype=int)).objects["class"].tolist() == [1, 0, 0, 1, 1]


def test_an_object_may_end_and_begin_again():
    volume = np.zeros((5, 3, 3), int)
    volume[[0, 1, 3], 1, 1] = 4
    objects = quantify(volume).objects
    ends = objects.loc[objects["class"] == 4, ["start_z", "stop_z"]].to_numpy()
    assert ends.tolist() == [[0, 2], [3, 4]]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("smooth", [0.0, 0.7, 1.5])
def test_objects_equal_those_of_scikit_image(seed, smooth):
    volume = random_volume(seed, smooth=smooth)
    image = np.random.default_rng(seed).normal(size=volume.shape)
    spacing = (2.0, 0.5, 0.3)
    objects = quantify(volume, spacing, unit="um", image=image).objects
    components = label(volume, background=-1, connectivity=1)
    wanted = ("label", "area", "centroid", "bbox", "mean_intensity")
    expected = regionprops_table(components, image, wanted, spacing=spacing)
    assert objects["object"].tolist() == expected["label"].tolist()
    for axis, letter in enumerate("zyx"):
        assert objects[f"start_{letter}"].tolist() == expected[f"bbox-{axis}"].tolist()
        stop = expected[f"bbox-{axis + 3}"]
        assert objects[f"stop_{letter}"].tolist() == stop.tolist()
        np.testing.assert_allclose(
            objects[f"centroid_{letter}_um"], expected[f"centroid-{axis}"], rtol=1e-12
        )
    np.testing.assert_allclose(objects["volume_um3"], expected["area"], rtol=1e-12)
    np.testing.assert_allclose(
        objects["mean_intensity"], expected["mean_intensity"], rtol=1e-9, atol=1e-12
    )
    ids, first = np.unique(components, return_index=True)
    classes = volume.ravel()[first[ids > 0]]
    assert objects["class"].tolist() == classes.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_surface_equals_a_count_of_faces(seed):
    volume, (dz, dy, dx) = random_volume(seed), (2.0, 0.5, 0.25)
    objects = quantify(volume, (dz, dy, dx)).objects
    components = np.pad(label(volume, background=-1, connectivity=1), 1)
    areas = (dy * dx, dz * dx, dz * dy)
    for object_, surface in zip(
        objects["object"], objects["surface_area_unit2"], strict=True
    ):
        inside = (components == object_).astype(int)
        faces = [np.abs(np.diff(inside, axis=axis)).sum() for axis in range(3)]
        assert surface == sum(n * a for n, a in zip(faces, areas, strict=True))


def test_a_map_equals_a_volume_of_one_slice():
    map_ = random_volume(3)[2]
    flat, solid = quantify(map_).objects, quantify(map_[np.newaxis]).objects
    assert flat["n_pixels"].tolist() == solid["n_voxels"].tolist()
    assert flat["centroid_x_pixel"].tolist() == solid["centroid_x_voxel"].tolist()
    sides = solid["surface_area_voxel2"] - 2 * solid["n_voxels"]
    assert flat["perimeter_pixel"].tolist() == sides.tolist()
    assert solid["touches_border"].all()
    assert not flat["touches_border"].all()


@pytest.mark.parametrize(
    ("voxel", "touches"),
    [((0, 2, 2), True), ((4, 2, 2), True), ((2, 0, 2), True), ((2, 2, 2), False)],
)
def test_objects_at_the_border_are_told(voxel, touches):
    volume = np.zeros((5, 4, 4), int)
    volume[voxel] = 1
    found = row(quantify(volume).objects, **{"class": 1})
    assert found["touches_border"] == touches


def test_void_is_no_object_and_opens_no_way():
    volume = np.full((3, 4, 5), 1)
    volume[1] = -1
    result = quantify(volume)
    assert result.objects["n_voxels"].tolist() == [20, 20]
    assert result.classes["fraction"].tolist() == [1.0]


def test_void_of_label_files_is_said():
    volume = np.array([[[0, 255], [255, 1]]], np.uint8)
    result = quantify(volume, void=255)
    assert (result.classes["class"].tolist(), result.n_void) == ([0, 1], 2)
    for labels in (volume, [*volume]):
        with pytest.warns(UserWarning, match="class 255 .* pass void=255, or"):
            result = quantify(labels)
        assert (result.classes["class"].tolist(), result.n_void) == ([0, 1, 255], 0)


@pytest.mark.filterwarnings("error")
def test_largest_number_is_no_void_where_void_is_negative():
    for dtype in (np.int16, np.uint16):
        quantify(np.array([[0, 255], [255, 1]], dtype))


def test_nothing_but_void_gives_empty_tables():
    result = quantify(np.full((2, 3, 4), -1), image=np.zeros((2, 3, 4)))
    assert len(result.classes) == len(result.objects) == 0
    assert "mean_intensity" in result.objects


def test_named_classes_have_a_row_although_they_are_empty():
    names = {0: "air", 1: "gas", 7: "liquid"}
    classes = quantify(box(), class_names=names).classes
    assert classes["name"].tolist() == ["air", "gas", "liquid"]
    assert classes["n_voxels"].tolist() == [516, 24, 0]
    assert classes["n_objects"].tolist() == [1, 1, 0]


def test_names_may_be_a_list_and_may_miss_classes():
    volume = box() * 3
    result = quantify(volume, class_names=["air"])
    assert result.classes["name"].tolist() == ["air", "3"]
    assert result.objects["name"].tolist() == ["air", "3"]


def test_ids_may_be_large_and_a_mask_is_a_map():
    assert quantify(box() * 2**40).classes["class"].tolist() == [0, 2**40]
    assert quantify(box() > 0).classes["class"].tolist() == [0, 1]


def test_tables_come_back_from_their_files(tmp_path):
    pandas = pytest.importorskip("pandas")
    result = quantify(box(), 0.5, unit="µm")
    paths = result.to_csv(tmp_path / "a" / "b")
    assert [path.name for path in paths] == ["classes.csv", "objects.csv"]
    assert {*paths} == {*(tmp_path / "a" / "b").iterdir()}
    found = pandas.read_csv(paths[1], dtype={"name": str})
    pandas.testing.assert_frame_equal(found, result.objects, check_dtype=False)


def test_names_may_have_the_keys_of_json():
    names = {"0": "air", "1": "rock"}
    found = quantify(box(), class_names=names).classes
    expected = quantify(box(), class_names={0: "air", 1: "rock"}).classes
    assert found["name"].tolist() == expected["name"].tolist()
    assert "rock" in found["name"].tolist()
