"""Pictures of the labels while a command trains."""

import pytest
from PIL import Image

TINY = [
    *("--epochs", "2", "--n-segments", "60", "--max-labels", "4", "-q"),
    *("--set", "base_channels=4", "--set", "depth=1", "--set", "batches_per_epoch=1"),
]


@pytest.fixture
def photos(volume, tmp_path):
    paths = [tmp_path / f"photo_{index}.png" for index in range(2)]
    for path, image in zip(paths, volume, strict=False):
        Image.fromarray(image).save(path)
    return paths


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_fit_writes_a_picture_of_every_epoch(run, photos, tmp_path):
    folder, model = tmp_path / "new" / "preview", tmp_path / "m.safetensors"
    assert run("fit", *photos, "-o", model, "--preview", folder, *TINY)[0] == 0
    expected = ["01_epoch_001.png", "01_epoch_002.png", "latest.png"]
    assert names(folder) == expected


def test_segment_numbers_the_models_of_each_file(run, photos, tmp_path):
    folder, out = tmp_path / "preview", tmp_path / "out"
    args = [*photos, "-o", out, "--each", "--preview", folder, *TINY]
    assert run("segment", *args)[0] == 0
    assert {name[:2] for name in names(folder)} == {"01", "02", "la"}


def test_a_folder_that_cannot_be_made_is_told(fails, photos, tmp_path):
    model = tmp_path / "m.safetensors"
    line = fails("fit", *photos, "-o", model, "--preview", photos[0], *TINY)
    assert "photo_0.png" in line
    assert not model.exists()
