"""Pictures while a net is trained."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage.io import imread
from skorch.callbacks import Callback

from sksegment.plotting import overlay
from sksegment.training._preview import Preview
from sksegment.training._watch import watch_training


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
def test_every_so_many_epochs_a_picture_and_the_same_labels(
    make, images, tmp_path, request
):
    make = request.getfixturevalue(make)
    with Preview(tmp_path / "a" / "b", every=2):
        watched = make(max_epochs=4).fit(images)
    assert names(tmp_path / "a" / "b") == [
        "01_epoch_001.png",
        "01_epoch_003.png",
        "latest.png",
    ]
    alone = make(max_epochs=4).fit(images)
    for ours, theirs in zip(watched.labels_, alone.labels_, strict=True):
        assert_array_equal(ours, theirs)


class Recorder(Callback):
    """Keep the labels of the superpixels as they are after every epoch."""

    def __init__(self):
        self.labels = []

    def on_epoch_end(self, net, dataset_train=None, **kwargs):
        self.labels.append(dataset_train.images[0].labels.numpy().copy())


def test_a_picture_has_the_image_beside_the_labels_of_then(
    make_segmenter, make_image, tmp_path
):
    image, recorder = make_image((32, 40)), Recorder()
    with Preview(tmp_path), watch_training(recorder):
        model = make_segmenter(max_epochs=3, batches_per_epoch=8).fit([image])
    superpixels = model.superpixels_.transform([image])[0]
    for epoch, labels in enumerate(recorder.labels, start=1):
        picture = imread(tmp_path / f"01_epoch_{epoch:03d}.png")
        left, right = picture[20:52, :40], picture[20:52, 44:84]
        assert np.corrcoef(left[..., 0].ravel(), image.ravel())[0, 1] > 0.999
        expected = overlay(image / 255, labels[superpixels])
        assert_allclose(right.astype(int), expected, atol=1)
    assert_array_equal(imread(tmp_path / "latest.png"), picture)
    assert (recorder.labels[0] != recorder.labels[-1]).any()


def test_all_training_images_and_no_more_than_four(
    make_segmenter, make_image, tmp_path
):
    images = [make_image((32, 40), seed=seed) for seed in range(6)]
    with Preview(tmp_path):
        make_segmenter(batches_per_epoch=6).fit(images)
    height, width, _ = imread(tmp_path / "latest.png").shape
    assert (height, width) == (20 + 4 * (32 + 4), 2 * 40 + 4)


def test_masks_are_void(make_segmenter, disc_mask, make_image, tmp_path):
    disc = disc_mask((32, 40))
    model = make_segmenter(superpixels__mask=disc, batches_per_epoch=8)
    with Preview(tmp_path):
        model.fit([make_image((32, 40))])
    right = imread(tmp_path / "latest.png")[20:52, 44:84]
    assert np.ptp(right[~disc], axis=-1).max() == 0
    assert np.ptp(right[disc], axis=-1).min() > 0


def test_later_trainings_have_numbers_of_their_own(make_segmenter, images, tmp_path):
    with Preview(tmp_path):
        model = make_segmenter(n_init=2).fit(images)
        model.partial_fit(images)
    model.fit(images)
    assert names(tmp_path) == [
        "01_epoch_001.png",
        "02_epoch_001.png",
        "03_epoch_002.png",
        "latest.png",
    ]


def test_large_images_are_shrunk(make_segmenter, make_image, tmp_path):
    with Preview(tmp_path):
        make_segmenter(resolution=0.1).fit([make_image((40, 1200))])
    assert imread(tmp_path / "latest.png").shape[1] == 2 * 512 + 4


def test_a_full_disk_costs_no_training(make_segmenter, images, tmp_path, monkeypatch):
    def fail(path, picture):
        raise OSError("no space left on device")

    monkeypatch.setattr("sksegment.training._preview.write_image", fail)
    with Preview(tmp_path), pytest.warns(UserWarning, match="no space left"):
        model = make_segmenter().fit(images)
    assert model.n_iter_ == 1


def test_what_cannot_work_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match="every=0"):
        Preview(tmp_path, every=0)
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), Preview(tmp_path / "file"):
        pass
