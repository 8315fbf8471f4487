import re

import numpy as np
import pytest

from sksegment.io import load_model, write_image, write_labels

TINY = [
    *("--epochs", "1", "--n-segments", "60", "--max-labels", "4"),
    *("--set", "base_channels=4", "--set", "depth=1", "--set", "batches_per_epoch=1"),
]


@pytest.fixture
def photos(tmp_path, make_image, disc_mask):
    """Two photographs and their ground truth."""
    for name in ("photos", "truth"):
        (tmp_path / name).mkdir()
    for index in range(2):
        image = make_image((32, 40), 3, seed=index)
        write_image(tmp_path / "photos" / f"p{index}.png", image)
        truth = disc_mask((32, 40)).astype(int)
        write_labels(tmp_path / "truth" / f"p{index}.png", truth)
    return tmp_path / "photos"


def tune(run, photos, *args):
    model = photos.parent / "best.safetensors"
    truth = photos.parent / "truth"
    return run("tune", photos, "--truth", truth, "-o", model, *TINY, *args)


def test_best_of_the_settings_is_saved(run, photos):
    code, text, err = tune(run, photos, "--steps", "sim_con")
    assert (code, err) == (0, "")
    rows = re.findall(r"sim_con .*beta_sim (\S+) .* V (\S+)", text)
    assert [float(beta) for beta, _ in rows] == [0.1, 1.0, 10.0]
    best = max(rows, key=lambda row: float(row[1]))
    model = load_model(photos.parent / "best.safetensors")
    assert (model.beta_sim, model.random_state) == (float(best[0]), 0)
    assert len(model.labels_) == 2
    assert f"--beta-sim {best[0]}" in text.splitlines()[-1]


def test_normalised_cut_is_tuned_where_it_is_in_use(run, photos):
    args = ("--beta-cut", 1, "--beta-sim", 0, "--beta-con", 0)
    text = tune(run, photos, *args)[1]
    assert re.findall(r"^(\w+) ", text, re.M)[1:6] == ["cut"] * 3 + ["fine"] * 2


def test_missing_ground_truth_is_told_before_any_fit(fails, photos):
    (photos.parent / "truth" / "p1.png").unlink()
    line = tune(fails, photos)
    assert "p1.png" in line
    assert not (photos.parent / "best.safetensors").exists()


def test_model_that_exists_is_not_replaced(fails, photos):
    (photos.parent / "best.safetensors").touch()
    assert "best.safetensors exists" in tune(fails, photos)


def test_truth_of_another_shape_is_named(fails, photos):
    write_labels(photos.parent / "truth" / "p1.png", np.zeros((9, 9), int))
    assert "p1.png is 32 x 40" in tune(fails, photos)


def test_truth_without_a_pixel_to_score_is_named(fails, photos):
    np.save(photos.parent / "truth" / "p1.npy", np.full((32, 40), -1))
    (photos.parent / "truth" / "p1.png").unlink()
    line = tune(fails, photos, "--steps", "sim_con")
    assert f"the ground truth of {photos / 'p1.png'}: " in line


def test_step_without_a_weight_is_refused(fails, photos):
    assert "beta_cut" in tune(fails, photos, "--steps", "cut")


def test_without_ground_truth_regions_decide(run, photos):
    model = photos.parent / "best.safetensors"
    args = ("tune", photos, "-o", model, *TINY, "--steps", "sim_con")
    code, text, err = run(*args)
    assert (code, err) == (0, "")
    scores = [float(score) for score in re.findall(r"agreement (\d\S+)$", text, re.M)]
    assert len(scores) == 3
    assert f"(agreement {max(scores):.3f})" in text
