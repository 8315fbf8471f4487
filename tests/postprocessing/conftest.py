"""Volumes of labels in all forms that are read slice by slice."""

import numpy as np
import pytest
import tifffile

from sksegment.stacks import open_stack


class Slices:
    """Slices that are read one by one, and which of them were asked for."""

    def __init__(self, volume):
        self.volume, self.asked = volume, []

    def __len__(self):
        return len(self.volume)

    def __getitem__(self, index):
        self.asked.append(index)
        return self.volume[index].copy()


def as_memmap(volume, folder):
    np.save(folder / "a.npy", volume)
    return np.load(folder / "a.npy", mmap_mode="r")


def as_zarr(volume, folder):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(
        folder / "a.zarr", shape=volume.shape, chunks=(4, 8, 8), dtype=volume.dtype
    )
    array[:] = volume
    return array


def as_hdf5(volume, folder):
    h5py = pytest.importorskip("h5py")
    return h5py.File(folder / "a.h5", "w").create_dataset(
        "labels", data=volume, chunks=(2, 16, 17)
    )


def as_stack(volume, folder):
    tifffile.imwrite(folder / "a.tif", volume, photometric="minisblack")
    return open_stack(folder / "a.tif")


FORMS = {
    "memmap": as_memmap,
    "zarr": as_zarr,
    "hdf5": as_hdf5,
    "dask": lambda volume, _: pytest.importorskip("dask.array").from_array(
        volume, chunks=(5, 8, 17)
    ),
    "list": lambda volume, _: list(volume),
    "slices": lambda volume, _: Slices(volume),
    "stack": as_stack,
}


@pytest.fixture
def in_form(tmp_path):
    """Bring a volume into one of the forms; files are named a.* in the folder."""

    def in_form_(form, volume, folder=tmp_path):
        return FORMS[form](volume, folder)

    return in_form_
