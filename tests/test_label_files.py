import numpy as np
import pytest
import tifffile
from PIL import Image

from sksegment.io import ImageFileError, read_labels, write_labels

LABELS = np.array([[0, 1, 2], [-1, 7, 7]])


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("largest", [7, 254, 300])
def test_labels_come_back_as_they_were_written(tmp_path, suffix, largest):
    labels = np.where(LABELS == 7, largest, LABELS)
    path = tmp_path / f"a.{suffix}"
    write_labels(path, labels)
    (found,) = read_labels(path)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, labels)


def test_pages_come_back_in_their_order(tmp_path):
    maps = [LABELS, LABELS[:, ::-1]]
    write_labels(tmp_path / "a.tif", maps)
    found = read_labels(tmp_path / "a.tif")
    assert len(found) == 2
    for one, other in zip(found, maps, strict=True):
        np.testing.assert_array_equal(one, other)


def test_void_is_the_value_that_is_said(tmp_path):
    Image.fromarray(np.array([[0, 255], [9, 0]], np.uint8)).save(tmp_path / "a.png")
    for options, expected in [
        ({"void": None}, [[0, 255], [9, 0]]),
        ({}, [[0, -1], [9, 0]]),
        ({"void": 9}, [[0, 255], [-1, 0]]),
    ]:
        assert read_labels(tmp_path / "a.png", **options)[0].tolist() == expected


def test_black_and_white_must_be_explained(tmp_path):
    path = tmp_path / "mask.png"
    Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8)).save(path)
    with pytest.raises(ImageFileError, match=r"0 and 255 alone.*void=255 or void=None"):
        read_labels(path)
    assert read_labels(path, void=None)[0].tolist() == [[0, 255], [255, 0]]
    assert read_labels(path, void=255)[0].tolist() == [[0, -1], [-1, 0]]


def test_palette_image_gives_its_indices(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [2, 2]], np.uint8), mode="P")
    image.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10])
    image.save(tmp_path / "a.png")
    assert read_labels(tmp_path / "a.png")[0].tolist() == [[0, 1], [2, 2]]


def test_arrays_are_read_with_or_without_a_name(tmp_path):
    np.save(tmp_path / "a.npy", LABELS)
    np.savez(tmp_path / "b.npz", x=LABELS)
    np.savez(tmp_path / "c.npz", segmentations=np.stack([LABELS] * 3), other=1)
    counts = [len(read_labels(tmp_path / n)) for n in ("a.npy", "b.npz", "c.npz")]
    assert counts == [1, 1, 3]
    np.testing.assert_array_equal(read_labels(tmp_path / "c.npz")[2], LABELS)


def test_float_tiff_of_whole_numbers_is_read(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, 3], [1, 1]], np.float32))
    assert read_labels(tmp_path / "a.tif")[0].tolist() == [[0, 3], [1, 1]]


def damage(path, **arrays):
    np.savez(path, **arrays)
    path.write_bytes(path.read_bytes()[:100])


def spoil(path):
    """Damage the compressed data alone, which only zlib notices."""
    np.savez_compressed(path, a=np.arange(60).reshape(6, 10))
    data = bytearray(path.read_bytes())
    data[60:120] = bytes(60)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("gone.png", lambda p: None, "gone.png"),
        ("gone.npz", lambda p: None, "gone.npz: no such file"),
        ("a.npz", lambda p: damage(p, a=LABELS), "no array of label maps"),
        ("a.npz", spoil, "no array of label maps"),
        ("a.npz", lambda p: np.savez(p, a=LABELS, b=LABELS), "the arrays a, b"),
        ("a.npy", lambda p: np.save(p, np.array([{}])), "no array of label maps"),
        ("a.npy", lambda p: np.save(p, np.arange(3)), r"shape \(3,\)"),
        ("a.npy", lambda p: np.save(p, np.zeros((0, 3), int)), r"shape \(0, 3\)"),
        ("a.npy", lambda p: np.save(p, LABELS + 0.5), "float64"),
        (
            "a.png",
            lambda p: Image.new("RGB", (4, 4)).save(p),
            "3 channels; a label map has one",
        ),
    ],
)
def test_what_is_no_label_map_is_refused(tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(ImageFileError, match=message):
        read_labels(tmp_path / name)


def test_a_page_of_one_class_and_void_is_settled_by_the_others(tmp_path):
    maps = np.zeros((3, 6, 6), int)
    maps[0, :4], maps[1, :4], maps[2] = 1, -1, 2
    write_labels(tmp_path / "a.tif", maps)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif"), maps)
    write_labels(tmp_path / "b.tif", maps[1:2])
    with pytest.raises(ImageFileError, match="0 and 255 alone"):
        read_labels(tmp_path / "b.tif")
