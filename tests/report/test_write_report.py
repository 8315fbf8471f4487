"""The file: that it is whole, alone, small, and refuses what it cannot show."""

import base64
import copy
import io
import sys
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from sklearn.pipeline import make_pipeline

from sksegment import (
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    SuperpixelTransformer,
)
from sksegment.datasets import sample_images
from sksegment.plotting import uncertainty
from sksegment.preprocessing import Rescale
from sksegment.report import write_report
from sksegment.segmenters import _divided, _sparse


class Reader(HTMLParser):
    """Collect the elements, the texts of table cells, and what is loaded."""

    VOID = {"meta", "link", "img", "input", "br"}
    LINKS = {"src", "href", "xlink:href", "data"}

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.cells, self.links = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.links += [value for name, value in attrs if name in self.LINKS]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        if self.open and {"td", "th"} & set(self.open):
            self.cells[-1] += data

    def row(self, start):
        """Cells of the first row that starts so."""
        cells = [" ".join(cell.split()) for cell in self.cells]
        at = cells.index(start)
        return cells[at : at + 4]


@pytest.fixture
def write(tmp_path):
    """Write a report; return its text and what is in it."""

    def write_(model, X, **options):
        path = tmp_path / "report.html"
        write_report(model, X, path, **options)
        text = path.read_text(encoding="utf-8")
        return text, Reader(text)

    return write_


def test_nothing_is_loaded_from_elsewhere(write, fitted, make_image):
    text, page = write(fitted, [make_image((32, 40), 3)])
    for link in page.links:
        assert link.startswith(("data:", "#")), link
    for place in ("url(http", "@import", "fetch(", "XMLHttpRequest"):
        assert place not in text
    policy = next(a for t, a in page.elements if "http-equiv" in a)["content"]
    assert policy.startswith("default-src 'none'")
    assert page.open == []


def test_tables_hold_areas_shares_and_intensities(
    write, known, known_labels, known_images
):
    _, page = write(known(known_labels), known_images, names=["sky"])
    image, labels = known_images[0], known_labels[0]
    # The table of the first image comes first.
    area = int((labels == 2).sum())
    expected = [
        "class 2",
        f"{area:,}",
        f"{100 * area / (labels >= 0).sum():.1f} %",
        f"{image[labels == 2].mean():.4g}",
    ]
    assert page.row("class 2") == expected
    assert "sky" in page.row("sky")


def test_seed_versions_parameters_and_losses_are_told(write, fitted, make_image):
    text, page = write(fitted, [make_image((32, 40), 3)])
    assert page.row("numpy")[1] == np.__version__
    assert page.row("seed")[1] == "0"
    assert page.row("max_labels")[1:3] == ["4", "32"]
    assert page.row("training")[1].startswith("6 epochs in ")
    assert f"{fitted.loss_:.4g}" in page.row("final loss")
    assert "<svg role=" in text


@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
def test_losses_of_scribbles_are_told(make, request, write, make_image):
    image = make_image()
    strokes = np.full(image.shape, -1)
    strokes[:3], strokes[14:18, 16:24] = 0, 1
    model = request.getfixturevalue(make)(max_epochs=2)
    model.fit([image], scribbles=[strokes])
    text, page = write(model, [image])
    assert "scribbles</text>" in text
    assert f"{model.history_[-1]['scribble']:.4g}" in page.cells


def test_classes_have_the_names_they_got_with_the_scribbles(
    write, make_segmenter, make_image
):
    image = make_image()
    strokes = np.full(image.shape, -1)
    strokes[:3], strokes[14:18, 16:24] = 0, 1
    model = make_segmenter(max_labels=2)
    model.fit([image], scribbles=[strokes], class_names=["desk", "coin"])
    assert "coin" in write(model, [image])[0]
    assert "coin" in write(make_pipeline(model), [image])[0]
    assert "penny" in write(model, [image], names=["desk", "penny"])[0]
    # Of regions they would be none.
    assert "coin" not in write(model.set_params(n_regions=2), [image])[0]


def pictures_of_uncertainty(page):
    """Pictures (h, w, 3) of how undecided classes are."""
    shown = [
        attributes["src"]
        for tag, attributes in page.elements
        if tag == "img" and attributes["alt"].startswith("How undecided")
    ]
    decoded = [base64.b64decode(uri.partition(",")[2]) for uri in shown]
    return [np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in decoded]


@pytest.mark.parametrize("steps", [[], [Rescale(0.5)]])
def test_undecided_pixels_are_yellow_and_sure_ones_blue(
    write, make_segmenter, make_image, steps
):
    noise = np.random.default_rng(0).normal(0, 40, (32, 40))
    image = np.uint8(np.clip(make_image() + noise, 0, 255))
    model = make_pipeline(*steps, make_segmenter()).fit([image])
    [picture] = pictures_of_uncertainty(write(model, [image])[1])
    assert picture.shape == (*image.shape, 3)
    doubt = uncertainty(model.predict_proba([image])[0])
    yellowness = picture[..., 0].astype(float) - picture[..., 2]
    assert np.corrcoef(yellowness.ravel(), doubt.ravel())[0, 1] > 0.9


def test_uncertainty_outside_a_mask_is_grey(write, make_segmenter, make_image):
    mask = np.broadcast_to(np.arange(40) < 24, (32, 40))
    model = make_segmenter(superpixels__mask=mask).fit([make_image()])
    [picture] = pictures_of_uncertainty(write(model, [make_image()])[1])
    np.testing.assert_allclose(picture[:, 32:], 153, atol=3)


def test_without_shares_of_classes_no_uncertainty_is_shown(
    write, make_segmenter, make_image, monkeypatch
):
    X = [make_image()]
    model = make_segmenter().fit(X)
    kmeans = KMeansPixelSegmenter(2, random_state=0).fit(X)
    assert not pictures_of_uncertainty(write(kmeans, X)[1])
    assert not pictures_of_uncertainty(
        write(copy.copy(model).set_params(n_regions=3), X)[1]
    )
    monkeypatch.setattr("sksegment.report._write._MAX_PIXELS_OF_SHARES", 32 * 40 - 1)
    assert not pictures_of_uncertainty(write(model, X)[1])


def test_a_model_without_training_has_no_losses(write, make_image):
    image = make_image()
    text, _ = write(KMeansPixelSegmenter(2, random_state=0).fit([image]), [image])
    assert "<svg" not in text
    assert "Granularity" not in text


def test_a_pipeline_and_one_array_of_images(write, make_segmenter, make_image):
    X = np.stack([make_image((32, 40), seed=seed) for seed in range(2)])
    model = make_pipeline(Rescale(0.5), make_segmenter()).fit(X)
    text, page = write(model, X)
    assert "Segmentation by SparseWNetSegmenter" in text
    assert text.count("<figure") == 2
    # Labels have the size of the images as they were.
    assert "40 × 32 pixels" in text
    areas = [int(row) for row in page.cells if row.isdecimal() and int(row) > 100]
    assert sum(areas) >= 2 * 32 * 40


def test_a_pipeline_of_one_step_with_nan_outside_its_mask(
    write, make_segmenter, make_image
):
    mask = np.broadcast_to(np.arange(40) < 30, (32, 40))
    X = [np.where(mask, make_image((32, 40)), np.nan)]
    model = make_pipeline(make_segmenter(superpixels__mask=mask)).fit(X)
    assert "40 × 32 pixels" in write(model, X)[0]


@pytest.mark.parametrize("steps", [[], [Rescale(0.5)]])
def test_each_image_is_divided_seen_and_merged_once(
    write, make_segmenter, make_image, monkeypatch, steps
):
    images = [make_image((32, 40), seed=seed) for seed in range(2)]
    segmenter = make_segmenter(assignment="region")
    model = make_pipeline(*steps, segmenter).fit(images)
    calls = []

    def count(place, name):
        def counted(*args, **kwargs):
            calls.append(name)
            return own(*args, **kwargs)

        own = getattr(place, name)
        monkeypatch.setattr(place, name, counted)

    count(SuperpixelTransformer, "divide")
    count(_sparse, "soft_labels_of")
    count(_divided, "region_hierarchy")
    text, _ = write(model, images)
    assert "Granularity" in text
    assert "How undecided" in text
    assert Counter(calls) == dict.fromkeys(calls, 2)
    assert len({*calls}) == 3


def test_names_are_text_and_not_markup(write, known, known_labels, known_images):
    evil = "</script><script>alert(1)</script>"
    text, _ = write(
        known(known_labels), known_images, titles=[evil, "b"], names={1: evil}
    )
    assert "<script>alert" not in text


def test_ten_photographs_take_less_than_5_mb(tmp_path, known_regions):
    class Grey(known_regions):
        """Labels are sixteen levels of grey: rougher than any of superpixels."""

        def predict(self, X):
            return [(image.mean(axis=-1) // 16).astype(np.int32) for image in X]

    photos = [image[:300, :450] for image in sample_images().images if image.ndim == 3]
    # As many pixels as BSDS has, 481 x 321.
    photos = [np.pad(p, ((0, 21), (0, 31), (0, 0)), "reflect") for p in photos]
    path = tmp_path / "report.html"
    write_report(Grey(None), [photos[k % 4][:: (-1) ** k] for k in range(10)], path)
    assert 500_000 < path.stat().st_size < 5_000_000


def test_titles_that_do_not_fit_are_refused(write, known, known_labels, known_images):
    with pytest.raises(ValueError, match="1 titles of 2 images"):
        write(known(known_labels), known_images, titles=["a"])


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib"])
def test_what_is_missing_is_named_before_any_work(
    write, known, known_images, monkeypatch, missing
):
    monkeypatch.setitem(sys.modules, missing, None)
    # Labels it could not give.
    with pytest.raises(ImportError, match=rf"{missing}.*sksegment\[report\]"):
        write(known([]), known_images)


def test_regions_whose_numbers_belong_to_an_image_are_no_classes(
    write, make_segmenter, make_image
):
    images = [make_image((32, 40), seed=seed) for seed in range(2)]
    model = make_segmenter().fit(images).set_params(n_regions=3)
    text, page = write(model, images)
    assert "3\n  regions at most in one." in text
    assert "Regions shown" in text
    assert "in all images" not in text
    assert page.row("region")[1] == "area in pixels"


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_regions_of_a_method_that_knows_no_classes_are_none(
    write, make_image, in_pipeline
):
    images = [make_image((32, 40), seed=seed) for seed in range(2)]
    model = FelzenszwalbSegmenter(min_size=20)
    model = make_pipeline(model) if in_pipeline else model
    text, _ = write(model.fit(images), images)
    assert "at most in one." in text
    assert "in all images" not in text
