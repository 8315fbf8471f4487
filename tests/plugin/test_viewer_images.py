"""Kinds of images in a real viewer."""

import numpy as np
import pytest

pytestmark = pytest.mark.napari


@pytest.mark.parametrize("n_channels", [None, 3, 4])
def test_a_single_image(make_window, make_image, n_channels):
    image = make_image((32, 40), n_channels)
    window = make_window(image, rgb=n_channels is not None)
    assert not window.shows(window.controls.label_all)
    window.click("train")
    pixels = image if n_channels is None else image[..., :3]
    assert (window.labels().data == window.model.predict([pixels])[0]).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("kind", ["numpy", "dask", "multiscale", "rgb"])
def test_kinds_of_images(make_window, make_image, dtype, kind):
    channels = 3 if kind == "rgb" else None
    array = np.stack([make_image((32, 40), channels, seed=i) for i in range(3)])
    array = array.astype(dtype) * (257 if dtype == "uint16" else 1)
    if dtype == "float32":
        array /= 255
    image, options = array, {"rgb": kind == "rgb"}
    if kind == "dask":
        image = pytest.importorskip("dask.array").from_array(array, chunks=(2, 20, 40))
    if kind == "multiscale":
        image, options = [array, array[:, ::2, ::2]], {"multiscale": True}
    window = make_window(image, **options)
    window.click("train")
    window.click("label_all")
    assert (window.labels().data == window.model.predict([*array])).all()


def test_slices_along_another_axis(make_window, volume):
    volume = np.concatenate([volume] * 2)
    window = make_window(volume, axis_labels=("z", "y", "x"))
    window.viewer.dims.order = (1, 0, 2)
    window.viewer.dims.set_current_step(1, 16)
    assert window.controls.slices.value == "slice y=16"
    window.click("train")
    window.click("label_all")
    expected = window.model.predict([*volume.transpose(1, 0, 2)])
    assert (window.labels().data.transpose(1, 0, 2) == expected).all()


def test_time_and_depth(make_window, volume):
    movie = np.stack([volume, volume[::-1]])
    window = make_window(movie, axis_labels=("t", "z", "y", "x"))
    window.viewer.dims.current_step = (1, 2, 0, 0)
    assert window.controls.slices.value == "slice t=1, z=2"
    window.click("train")
    window.click("label_all")
    expected = [window.model.predict(part) for part in movie]
    assert (window.labels().data == expected).all()
