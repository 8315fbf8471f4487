"""What a report is put together from: tables, label maps, regions, facts."""

import base64
import io

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.pipeline import make_pipeline

from sksegment import FelzenszwalbSegmenter, SparseWNetSegmenter
from sksegment.preprocessing import ClipPercentiles
from sksegment.report._classes import class_table
from sksegment.report._facts import parameters, seed_of
from sksegment.report._losses import loss_table, losses_svg
from sksegment.report._pictures import encode_image, encode_labels, sample
from sksegment.report._regions import LEVELS, encode_regions, order_regions


def decoded(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def cut(parts, level):
    """What the page does: new regions begin where two part."""
    return np.concatenate([[0], np.cumsum(np.array(parts) <= level)])


def test_areas_and_mean_intensities_of_several_images_together():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 4000, (*shape, 3)) for shape in ((9, 12), (20, 10))]
    maps = [rng.integers(-1, 3, image.shape[:2]) for image in images]
    maps[0][maps[0] == 1] = 6
    pixels = np.concatenate([image.reshape(-1, 3) for image in images])
    labels = np.concatenate([map_.ravel() for map_ in maps])
    rows = class_table(images, maps, {2: "grain"})
    assert [row.label for row in rows] == [0, 1, 2, 6]
    assert [row.name for row in rows] == ["class 0", "class 1", "grain", "class 6"]
    for row in rows:
        own = labels == row.label
        assert row.area == own.sum()
        assert row.fraction == own.sum() / (labels >= 0).sum()
        assert_allclose(row.intensity, pixels[own].mean(axis=0))


def test_many_channels_are_told_by_their_mean():
    image = np.random.default_rng(0).random((8, 8, 6))
    (row,) = class_table([image], [np.zeros((8, 8), int)])
    assert_allclose(row.intensity, [image.mean()])


def test_no_class_in_images_that_are_all_void():
    assert class_table([np.ones((8, 8, 1))], [np.full((8, 8), -1)]) == []


@pytest.mark.parametrize(
    ("largest", "mode", "void"), [(254, "L", 255), (255, "I;16", 65535)]
)
def test_label_maps_come_back_as_they_were(largest, mode, void):
    labels = np.random.default_rng(0).integers(0, largest + 1, (30, 40))
    labels[0, 0], labels[1, 1] = largest, -1
    found = decoded(encode_labels(labels, 1024))
    assert (
        Image.open(io.BytesIO(base64.b64decode(encode_labels(labels, 99)))).mode == mode
    )
    assert_array_equal(found, np.where(labels < 0, void, labels))


def test_large_maps_and_images_are_shrunk_alike():
    columns = np.arange(1000) // 100
    labels = np.broadcast_to(columns, (50, 1000))
    assert_array_equal(sample(labels, 10), [np.arange(10)])
    assert_array_equal(decoded(encode_labels(labels, 10)), [np.arange(10)])
    image = np.broadcast_to(25 * columns[:, None], (50, 1000, 1)).astype(np.uint8)
    uri = encode_image(image, None, 100)
    assert uri.startswith("data:image/jpeg;base64,")
    found = decoded(uri.partition(",")[2])
    assert found.shape == (5, 100)
    assert_allclose(found[2, 5::10], 25 * np.arange(10), atol=4)


def test_every_cut_follows_from_one_number_for_two_neighbours(stripes):
    hierarchy = stripes((6, 300), 250, seed=3)
    cuts = [hierarchy.cut(n_regions=k) for k in (2, 5, 17, 60, 250)]
    for map_ in cuts:
        map_[:2, :40] = -1
    ordered, parts = order_regions(cuts)
    assert_array_equal(ordered < 0, cuts[0] < 0)
    assert len(parts) == len(np.unique(ordered)) - 2
    for level, map_ in enumerate(cuts):
        inside = map_ >= 0
        found = cut(parts, level)[ordered[inside]]
        pairs = np.unique(np.stack([found, map_[inside]]), axis=1)
        assert pairs.shape[1] == len(np.unique(found)) == len(np.unique(map_[inside]))


def test_few_regions_are_all_there_is_at_the_finest_levels(stripes):
    found = encode_regions(stripes((8, 64), 5), 1024)
    assert decoded(found["map"]).max() == 4
    assert len(found["parts"]) == 4
    assert max(found["parts"]) == LEVELS.index(6)


def test_regions_of_all_levels_fit_into_8_bits(stripes):
    found = encode_regions(stripes((8, 4000), 2000), 1024)
    assert decoded(found["map"]).dtype == np.uint8
    assert len(found["parts"]) == LEVELS[-1] - 1


def test_one_region_alone(stripes):
    found = encode_regions(stripes((8, 16), 1), 1024)
    assert found["parts"] == []
    assert decoded(found["map"]).max() == 0


def test_parameters_that_were_changed_have_their_default_beside():
    mask = np.ones((40, 50), bool)
    model = SparseWNetSegmenter(beta_con=0.5).set_params(superpixels__mask=mask)
    rows = {name: (value, default) for name, value, default in parameters(model)}
    assert rows["beta_con"] == ("0.5", "0.1")
    assert rows["beta_sim"] == ("0.1", None)
    assert rows["superpixels__mask"] == ("array of shape (40, 50), bool", "None")
    # They are told by their own parameters.
    assert not {"superpixels", "patches"} & rows.keys()


def test_parameters_of_a_pipeline():
    model = make_pipeline(ClipPercentiles(), SparseWNetSegmenter(7))
    rows = {name: value for name, value, _ in parameters(model)}
    assert rows["sparsewnetsegmenter__max_labels"] == "7"
    assert "steps" not in rows


def test_seeds():
    assert seed_of(SparseWNetSegmenter(random_state=3)) == "3"
    assert "other labels" in seed_of(SparseWNetSegmenter())
    assert seed_of(FelzenszwalbSegmenter()) == "none is needed"


def test_losses_are_a_picture_with_a_description_and_the_same_every_time():
    history = [{"epoch": 1, "loss": 0.9, "rec": 0.5}, {"epoch": 2, "loss": 0.25}]
    svg = losses_svg(history)
    assert svg.startswith("<svg ")
    assert 'role="img"' in svg
    assert "2 epochs; the total goes from 0.9 to 0.25" in svg
    assert "reconstruction</text>" in svg
    assert losses_svg(history) == svg
    assert losses_svg([]) == ""


def test_losses_as_text():
    rows = [{"epoch": 1, "loss": 0.98765, "n_labels": 9}, {"epoch": 2, "loss": 0.5}]
    table = loss_table(rows)
    assert table["head"] == ["epoch", "total", "labels in use"]
    assert table["rows"] == [["1", "0.9877", "9"], ["2", "0.5", ""]]
