"""What `predict_stack` writes is what was found, for those who read it elsewhere."""

import os
from fractions import Fraction

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.io import imread

from sksegment import KMeansPixelSegmenter
from sksegment._output_files import replacing
from sksegment.io import read_labels
from sksegment.plotting import overlay
from sksegment.stacks import Stack, open_stack, predict_stack
from sksegment.stacks import _tiff_writer as tiff_writer
from sksegment.stacks._array_source import array_source

VOXELS = {"Z": 2.5, "Y": 0.5, "X": 0.25}
VIDEOS = [".mp4", ".mkv", ".avi", ".gif"]
OUTPUTS = ["labels.tif", "labels.TIFF", "labels.npy", "labels.zarr", "labels"]


class Thresholds:
    """Each grey value is a class of its own, and negative ones are void."""

    def predict(self, X):
        return [np.maximum(image.astype(np.int32), -1) for image in X]


@pytest.fixture
def classes():
    """Return five label maps with void and up to 200."""
    return np.random.default_rng(0).integers(-1, 201, (5, 32, 41), dtype=np.int32)


@pytest.fixture
def write(tmp_path):
    """Write label maps, here those that are also the images."""
    return lambda source, name, **options: predict_stack(
        Thresholds(), source, tmp_path / name, progress=False, **options
    )


def read(path):
    """Read label maps as others do, void as it is."""
    if path.suffix == ".npy":
        return np.load(path, mmap_mode="r")
    if path.suffix == ".zarr":
        return __import__("zarr").open(path, mode="r")["0"][:]
    if path.is_dir():
        return np.stack([imread(page) for page in sorted(path.iterdir())])
    return tifffile.imread(path)


def stack_of(array, **options):
    return Stack(array_source(array, **options), "ZYX")


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize(
    ("largest", "dtype"), [(254, np.uint8), (255, np.uint16), (65534, np.uint16)]
)
def test_ids_are_unchanged_and_void_is_the_maximum(
    name, largest, dtype, classes, write, tmp_path
):
    classes[3, 5, 5] = largest
    path = write(classes, name)
    assert path == tmp_path / name
    found = read(path)
    assert found.dtype == dtype
    expected = np.where(classes < 0, np.iinfo(dtype).max, classes)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", OUTPUTS)
def test_stack_that_is_void_but_for_one_pixel(name, write):
    classes = np.full((3, 16, 16), -1, np.int32)
    classes[1, 2, 3] = 0
    assert (read(write(classes, name)) == np.where(classes < 0, 255, 0)).all()


@pytest.mark.parametrize("name", ["labels.tif", "labels.npy"])
def test_label_files_are_read_back(name, classes, write):
    path = write(np.maximum(classes, 0), name)
    np.testing.assert_array_equal(read_labels(path), np.maximum(classes, 0))


@pytest.mark.parametrize("name", OUTPUTS[:4])
def test_output_is_a_stack_again(name, classes, write):
    path = write(classes, name)
    again = open_stack(path)
    assert again.shape == classes.shape
    np.testing.assert_array_equal(again[2], np.where(classes[2] < 0, 255, classes[2]))


def test_ids_too_large_for_a_file(write, tmp_path):
    classes = np.full((2, 16, 16), 65535, np.int32)
    with pytest.raises(ValueError, match=r"slice 0 of array has the label 65535"):
        write(classes, "labels.tif")
    assert not any(tmp_path.iterdir())
    labels = predict_stack(Thresholds(), classes, progress=False)
    np.testing.assert_array_equal(labels, classes)


def test_tiff_has_the_voxel_size(classes, write):
    path = write(stack_of(classes, spacing=VOXELS, unit="um"), "labels.tif")
    with tifffile.TiffFile(path) as tif:
        assert tif.is_ome
        assert not tif.is_bigtiff
        assert tif.series[0].axes == "ZYX"
        assert len(tif.pages) == len(classes)
        assert tif.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        pixels = tifffile.xml2dict(tif.ome_metadata)["OME"]["Image"]["Pixels"]
    assert [pixels[f"PhysicalSize{axis}"] for axis in "ZYX"] == [2.5, 0.5, 0.25]
    assert {pixels[f"PhysicalSize{axis}Unit"] for axis in "ZYX"} == {"µm"}
    again = open_stack(path)
    assert (again.spacing, again.unit) == ((2.5, 0.5, 0.25), "um")


@pytest.mark.parametrize("name", ["labels.tif", "labels.zarr"])
@pytest.mark.parametrize("unit", ["pm", "Å", "nm", "um", "mm", "cm", "m", "inch"])
def test_unit_is_kept(unit, name, write):
    volume = np.zeros((2, 16, 16), np.int32)
    again = open_stack(write(stack_of(volume, spacing=VOXELS, unit=unit), name))
    assert (again.spacing, again.unit) == ((2.5, 0.5, 0.25), unit)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("um", (4e4, 2e4, 3)), ("mm", (40, 20, 3)), ("pm", (1, 1, 1)), (None, (1, 1, 1))],
)
@pytest.mark.parametrize("names", [None, ["a.tif"]])
def test_size_of_a_pixel_is_in_the_tags_too(unit, expected, names, classes, write):
    stack = stack_of(classes[:1], spacing=VOXELS, unit=unit, names=names)
    path = write(stack, "labels" if names else "labels.tif")
    with tifffile.TiffFile(path / "a.tif" if names else path) as tif:
        tags = tif.pages[0].tags
        x, y = (tags[f"{axis}Resolution"].value for axis in "XY")
        unit = tags["ResolutionUnit"].value
    assert (x[0] / x[1], y[0] / y[1], unit) == expected


def test_tiff_of_frames(classes, write):
    path = write(classes, "labels.tif", axes="TYX")
    assert open_stack(path).axes == "TYX"
    with tifffile.TiffFile(path) as tif:
        assert tif.series[0].axes == "TYX"


def test_tiff_of_a_turned_stack(classes, write):
    turned = stack_of(classes, spacing=VOXELS, unit="um").along("x")
    path = write(turned, "labels.tif", overwrite=True)
    labels = np.where(classes < 0, 255, classes)
    np.testing.assert_array_equal(tifffile.imread(path), np.moveaxis(labels, 2, 0))
    assert open_stack(path).spacing == (0.25, 2.5, 0.5)


def test_large_tiff_is_a_big_one(classes, write, monkeypatch):
    monkeypatch.setattr(tiff_writer, "_CLASSIC_BYTES", classes.size)
    path = write(classes, "labels.tif")
    with tifffile.TiffFile(path) as tif:
        assert tif.is_bigtiff
        np.testing.assert_array_equal(
            tif.asarray(), np.where(classes < 0, 255, classes)
        )


def test_zarr_has_a_slice_a_chunk_and_the_voxel_size(classes, write):
    zarr = pytest.importorskip("zarr")
    path = write(stack_of(classes, spacing=VOXELS, unit="um"), "labels.zarr")
    group = zarr.open(path, mode="r")
    assert group["0"].chunks == (1, 32, 41)
    [multiscale] = group.attrs["multiscales"]
    [dataset] = multiscale["datasets"]
    assert dataset["coordinateTransformations"] == [
        {"type": "scale", "scale": [2.5, 0.5, 0.25]}
    ]
    assert [axis["name"] for axis in multiscale["axes"]] == ["z", "y", "x"]
    assert {axis["unit"] for axis in multiscale["axes"]} == {"micrometer"}
    again = open_stack(path)
    assert again.spacing == (2.5, 0.5, 0.25)


def test_npy_can_be_mapped(classes, write):
    mapped = np.load(write(classes, "labels.npy"), mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert mapped.shape == classes.shape


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, ["0000.png", "0001.png", "0002.png"]),
        (["s9.jpg", "s10.jpg", "s11.png"], ["s9.png", "s10.png", "s11.png"]),
        (["a.tif", "b.TIFF", "c.png"], ["a.tif", "b.TIFF", "c.png"]),
        (["a.jpg", "a.png", "b.png"], ["0000.png", "0001.png", "0002.png"]),
    ],
)
def test_names_in_a_folder(names, expected, classes, write):
    path = write(stack_of(classes[:3], names=names), "labels")
    assert {page.name for page in path.iterdir()} == set(expected)
    for name, labels in zip(expected, classes, strict=False):
        found = imread(path / name)
        np.testing.assert_array_equal(found, np.where(labels < 0, 255, labels))


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_folder_gets_the_names_of_the_files_of_a_folder(
    suffix, classes, write, tmp_path
):
    (tmp_path / "slices").mkdir()
    names = [f"scan.{index:03d}{suffix}" for index in range(3)]
    for name, labels in zip(names, classes, strict=False):
        Image.fromarray(labels.astype(np.uint8)).save(tmp_path / "slices" / name)
    path = write(tmp_path / "slices", "labels")
    assert sorted(page.name for page in path.iterdir()) == names


def test_slices_in_a_folder_have_the_voxel_size(classes, write):
    names = [f"{index}.tif" for index in range(len(classes))]
    path = write(stack_of(classes, names=names, spacing=VOXELS, unit="um"), "labels")
    again = open_stack(path)
    assert (again.spacing, again.unit) == ((2.5, 0.5, 0.25), "um")


def test_other_files_in_a_folder_stay(classes, write, tmp_path):
    (tmp_path / "results.v2").mkdir()
    (tmp_path / "results.v2" / "notes.txt").write_text("mine")
    path = write(classes, "results.v2")
    assert (path / "notes.txt").read_text() == "mine"
    assert len([*path.glob("*.png")]) == len(classes)


def frames_of(path):
    with __import__("av").open(path) as video:
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


@pytest.fixture
def scene():
    """Return a bright square that moves over a dark ground, in odd sides."""
    scene = np.full((6, 33, 45), 40, np.uint8)
    for index, image in enumerate(scene):
        image[8:24, 4 + 4 * index : 20 + 4 * index] = 200
    return scene


@pytest.mark.parametrize("suffix", VIDEOS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_video_shows_the_colours_of_the_classes(suffix, dtype, scene, tmp_path):
    # Twelve bits of signed data look as the bytes do.
    volume = scene if dtype == np.uint8 else (16.0 * scene - 2000).astype(dtype)
    model = KMeansPixelSegmenter(n_clusters=2, random_state=0).fit(volume[:1])
    path = predict_stack(model, volume, tmp_path / f"labels{suffix}", progress=False)
    frames = frames_of(path)
    assert len(frames) == len(scene)
    assert frames[0].shape == (34, 46, 3)
    shown = scene if dtype == np.uint8 else np.where(scene > 100, 255, 0)
    for image, labels, frame in zip(
        shown.astype(np.uint8), model.predict(volume), frames, strict=True
    ):
        differences = np.abs(frame[:33, :45].astype(int) - overlay(image, labels))
        assert np.median(differences) < 20


def film_of(scene, path, rate):
    av = __import__("av")
    with av.open(path, "w") as video:
        stream = video.add_stream("ffv1", rate=rate)
        stream.height, stream.width = scene.shape[1:]
        stream.pix_fmt = "gray"
        for image in scene:
            video.mux(stream.encode(av.VideoFrame.from_ndarray(image, "gray")))
        video.mux(stream.encode())
    return path


def rate_of(path):
    with __import__("av").open(path) as video:
        return float(video.streams.video[0].average_rate)


@pytest.mark.parametrize("suffix", VIDEOS)
@pytest.mark.parametrize("rate", [10, Fraction(30000, 1001), Fraction(1, 2)])
def test_overlay_of_a_video_is_as_fast_as_the_video(suffix, rate, scene, tmp_path):
    film = film_of(scene, tmp_path / "film.mkv", rate)
    path = predict_stack(Thresholds(), film, tmp_path / f"o{suffix}", progress=False)
    # A GIF counts hundredths of a second.
    assert rate_of(path) == pytest.approx(rate, rel=0.12 if suffix == ".gif" else 1e-3)


def test_overlay_of_a_video_with_a_rate_that_mpeg4_cannot_state(scene, tmp_path):
    film = film_of(scene, tmp_path / "film.mkv", Fraction(120000, 1001))
    path = predict_stack(Thresholds(), film, tmp_path / "labels.avi", progress=False)
    assert rate_of(path) == pytest.approx(119.88, abs=0.01)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_last_frame_of_a_restless_video_shows_its_classes(suffix, tmp_path):
    scene = gaussian_filter(np.random.default_rng(0).random((16, 96, 128)), (0, 2, 2))
    model = KMeansPixelSegmenter(n_clusters=2, random_state=0).fit(scene[:1])
    path = predict_stack(model, scene, tmp_path / f"labels{suffix}", progress=False)
    red, labels = frames_of(path)[-1][..., 0], model.predict(scene[-1:])[0]
    assert red[labels == 0].mean() > red[labels == 1].mean() + 10


def test_slice_that_is_damaged_is_black_in_a_video(scene, tmp_path):
    volume = scene.astype(np.float32)
    volume[3, 0, 0] = np.inf
    model = KMeansPixelSegmenter(n_clusters=2).fit(volume[:1])
    with pytest.warns(UserWarning, match="slice 3"):
        path = predict_stack(model, volume, tmp_path / "labels.mp4", progress=False)
    brightness = [frame.mean() for frame in frames_of(path)]
    assert np.argmin(brightness) == 3


@pytest.mark.parametrize("name", [*OUTPUTS, *(f"labels{suffix}" for suffix in VIDEOS)])
def test_nothing_else_is_left(name, scene, write, tmp_path):
    write(scene, name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert not [path for path in tmp_path.rglob("*.partial")]


@pytest.mark.parametrize("name", [*OUTPUTS, "labels.mp4"])
def test_output_is_replaced_only_if_told(name, classes, write):
    path = write(classes, name)
    stamp = os.stat(path).st_mtime_ns
    with pytest.raises(FileExistsError, match=r"exists; .* overwrite=True"):
        write(classes, name)
    with pytest.raises(FileExistsError, match=r"exists.* overwrite=True"):
        write(classes[:4] + 1, name, resume=True)
    assert os.stat(path).st_mtime_ns == stamp
    if name != "labels.mp4":
        write(np.zeros_like(classes), name, overwrite=True)
        assert (read(path) == 0).all()


@pytest.mark.parametrize("name", ["labels.png", "labels.h5", "labels.tar.gz"])
def test_unknown_suffix(name, classes, write, tmp_path):
    with pytest.raises(ValueError, match=r"cannot be written as .* \.zarr.* folder"):
        write(classes, name)
    assert not any(tmp_path.iterdir())


def test_empty_output_is_not_the_current_folder(classes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="a path is empty"):
        predict_stack(Thresholds(), classes, "", progress=False)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["labels.zarr", "labels.mp4"])
def test_missing_package_is_told_before_the_run(name, classes, write, hide):
    hide("zarr")
    hide("av")
    with pytest.raises(ImportError, match=r'pip install "sksegment\[stacks\]"'):
        write(classes, name)


def test_input_is_never_replaced(classes, tmp_path):
    path = tmp_path / "scan.npy"
    np.save(path, classes)
    with pytest.raises(ValueError, match=r"scan\.npy is an input"):
        predict_stack(Thresholds(), path, path, overwrite=True, progress=False)
    np.testing.assert_array_equal(np.load(path), classes)


def test_input_folder_is_never_replaced(tmp_path):
    for name in ("a.png", "b.png"):
        Image.fromarray(np.full((16, 16), 7, np.uint8)).save(tmp_path / name)
    with pytest.raises(ValueError, match=r"a\.png is an input"):
        predict_stack(Thresholds(), tmp_path, tmp_path, overwrite=True)


def test_labels_are_not_written_among_the_slices(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        Image.fromarray(np.full((16, 16), 7, np.uint8)).save(tmp_path / name)
    with pytest.raises(ValueError, match="next run would take"):
        predict_stack(Thresholds(), tmp_path, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("n_slices", [1, 3])
@pytest.mark.parametrize("name", ["labels.tif", "labels.GIF"])
def test_labels_are_no_file_among_the_slices(name, n_slices, write, tmp_path):
    (tmp_path / "slices").mkdir()
    for index in range(n_slices):
        image = Image.fromarray(np.full((16, 16), 7, np.uint8))
        image.save(tmp_path / "slices" / f"{index}.png")
    with pytest.raises(ValueError, match=r"slices is the folder .* next run"):
        write(tmp_path / "slices", f"slices/{name}")
    assert write(tmp_path / "slices", "slices/labels.npy").exists()
    # One file is no folder: labels may lie beside it.
    assert write(tmp_path / "slices" / "0.png", f"slices/{name}").exists()


def test_open_zarr_array_is_never_replaced(classes, write, tmp_path):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(str(tmp_path / "scan.zarr"), data=classes)
    for source in (array, tmp_path / "scan.zarr"):
        with pytest.raises(ValueError, match=r"scan\.zarr is an input"):
            write(source, "scan.zarr", overwrite=True)
        for name in ("labels.npy", "labels"):
            with pytest.raises(ValueError, match="lies within the input"):
                write(source, f"scan.zarr/{name}")
    np.testing.assert_array_equal(zarr.open(tmp_path / "scan.zarr")[:], classes)


def part_of_a_memmap(volume, folder):
    np.save(folder / "scan.npy", volume)
    return "scan.npy", np.load(folder / "scan.npy", mmap_mode="r")[::2]


def plain_view_of_a_memmap(volume, folder):
    name, part = part_of_a_memmap(volume, folder)
    return name, np.asarray(part)[:, :, ::-1]


def list_of_parts_of_a_memmap(volume, folder):
    name, part = part_of_a_memmap(volume, folder)
    return name, [*part]


def dask_array_of_files(volume, folder):
    name, _ = part_of_a_memmap(volume, folder)
    dask = pytest.importorskip("dask")
    da = pytest.importorskip("dask.array")
    lazy = dask.delayed(np.load)(str(folder / name))
    return name, da.from_delayed(lazy, volume.shape, volume.dtype)


def dask_array_of_zarr(volume, folder, inline=False):
    zarr = pytest.importorskip("zarr")
    da = pytest.importorskip("dask.array")
    stored = zarr.create_array(
        folder / "scan.zarr", shape=volume.shape, dtype=volume.dtype
    )
    stored[...] = volume
    return "scan.zarr", da.from_zarr(stored, inline_array=inline)


def inlined_dask_array_of_zarr(volume, folder):
    name, array = dask_array_of_zarr(volume, folder, inline=True)
    return name, array[::2]


@pytest.mark.parametrize(
    "make",
    [
        part_of_a_memmap,
        plain_view_of_a_memmap,
        list_of_parts_of_a_memmap,
        dask_array_of_files,
        dask_array_of_zarr,
        inlined_dask_array_of_zarr,
    ],
)
def test_files_behind_an_array_are_not_replaced(write, tmp_path, classes, make):
    name, source = make(classes, tmp_path)
    with pytest.raises(ValueError, match=f"{name} is an input and would be replaced"):
        write(source, name, overwrite=True)
    before = classes if make is dask_array_of_files else np.asarray(source)
    # Beside it, the labels can be written.
    assert len(np.load(write(source, "labels.npy"))) == len(before)
    labels = write(source, "labels.npy", overwrite=True)
    np.testing.assert_array_equal(np.load(labels)[before >= 0], before[before >= 0])


def test_nothing_is_written_within_a_zarr_array_behind_dask(write, tmp_path, classes):
    name, source = dask_array_of_zarr(classes, tmp_path)
    with pytest.raises(ValueError, match="lies within the input"):
        write(source, f"{name}/labels.npy")


@pytest.mark.parametrize("names", [None, [f"s{index}.tif" for index in range(5)]])
def test_label_maps_of_a_longer_run_are_not_left_in_a_folder(names, classes, write):
    path = write(stack_of(classes, names=names), "labels")
    (path / "figure.png").write_text("mine")
    (path / "notes0.txt").write_text("mine")
    before = {page: page.read_bytes() for page in path.iterdir()}
    shorter = stack_of(np.zeros_like(classes[:3]), names=names and names[:3])
    with pytest.raises(FileExistsError, match=r"2 more label map.*, \w+3\.\w+ to \w+4"):
        write(shorter, "labels", overwrite=True)
    assert {page: page.read_bytes() for page in path.iterdir()} == before
    for page in path.glob("*[34].*"):
        page.unlink()
    write(shorter, "labels", overwrite=True)
    assert len([*path.glob("*[0-9].[pt]*")]) == 3 + 1


def test_label_maps_of_another_volume_may_lie_beside(classes, write):
    for volume in ("d1", "d2"):
        names = [f"{volume}_z{index}.tif" for index in range(5)]
        path = write(stack_of(classes, names=names), "labels")
    write(stack_of(classes, names=names), "labels", overwrite=True)
    assert len([*path.iterdir()]) == 10
    with pytest.raises(FileExistsError, match=r"3 more .*d2_z2\.\w+ to d2_z4\.\w+"):
        write(stack_of(classes[:2], names=names[:2]), "labels", overwrite=True)
    with pytest.raises(FileExistsError, match="4 more"):
        write(stack_of(classes[:1], names=names[:1]), "labels", overwrite=True)


@pytest.mark.parametrize("dataset", [None, "deep/0"])
def test_input_zarr_is_never_replaced(dataset, classes, tmp_path):
    path, name = tmp_path / "scan.zarr", dataset or "0"
    zarr = pytest.importorskip("zarr")
    zarr.open_group(path, mode="w").create_array(name, data=classes)
    with pytest.raises(ValueError, match=r"scan\.zarr is an input"):
        predict_stack(Thresholds(), path, path, overwrite=True, progress=False)
    np.testing.assert_array_equal(zarr.open(path, mode="r")[name][:], classes)


def test_zarr_that_cannot_be_replaced_stays(classes, write, monkeypatch):
    path = write(classes, "labels.zarr")
    replace = os.replace

    def fail(source, target):
        if str(source).endswith(".tmp"):
            raise PermissionError(f"{target} is in use")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(PermissionError, match="in use"):
        write(np.zeros_like(classes), "labels.zarr", overwrite=True)
    expected = np.where(classes < 0, 255, classes)
    np.testing.assert_array_equal(read(path), expected)
    left = {path.name for path in path.parent.iterdir()}
    assert left == {"labels.zarr", "labels.zarr.partial"}


def test_folder_that_cannot_be_written_to(classes, write, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(PermissionError, match="cannot be written to"):
        write(classes, "new/labels.tif")
    assert not any(tmp_path.iterdir())


def test_file_in_the_place_of_a_folder(classes, write, tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(NotADirectoryError, match="notes is a file"):
        write(classes, "notes/labels.tif")


def test_folder_in_the_place_of_a_file(classes, write, tmp_path):
    (tmp_path / "labels.tif").mkdir()
    with pytest.raises(IsADirectoryError, match=r"labels\.tif is a folder"):
        write(classes, "labels.tif", overwrite=True)


def test_folders_are_made(classes, write):
    assert write(classes, "a/b/labels.tif").exists()
    assert write(classes, "c/d/labels").is_dir()


def leave_unfinished(path):
    """Leave what another program leaves that is killed while it writes."""
    with replacing(path) as file:
        names = {found.name for found in path.parent.iterdir()}
        [begun] = [name for name in names if path.name in name]
        file.write(b"begun")
    path.rename(path.with_name(begun.replace(f".{os.getpid()}-", ".3-")))


def test_what_killed_programs_left_is_removed(tmp_path, classes, write):
    (tmp_path / "labels").mkdir()
    kept = [tmp_path / ".other.tif.3.tmp", tmp_path / "labels" / ".9999.png.3.tmp"]
    for path in kept:
        path.write_bytes(b"begun")
    for name in ("labels.tif", "labels/0001.png"):
        leave_unfinished(tmp_path / name)
    for name in (".labels.zarr.3.tmp", ".labels.zarr.3.old"):
        (tmp_path / name / "0").mkdir(parents=True)
    for name in ("labels.tif", "labels.zarr", "labels"):
        write(classes, name)
    found = [
        path for path in tmp_path.rglob(".*") if path.name.endswith(("tmp", "old"))
    ]
    assert sorted(found) == sorted(kept)
