"""The report in a real browser: what its sliders and switches draw."""

import json
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from sksegment.plotting import label_colors
from sksegment.preprocessing import Rescale
from sksegment.report import write_report
from sksegment.report._regions import LEVELS

pytestmark = pytest.mark.browser

TITLES = ["first & <b>", "second"]

PIXELS = """(index) => {
  const canvas = document.querySelectorAll("canvas")[index];
  const { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return JSON.stringify([height, width, ...data]);
}"""
RESET = """() => {
  const controls = document.getElementById("controls");
  controls.reset();
  controls.dispatchEvent(new Event("input"));
  document.activeElement.blur();
  scrollTo(0, 0);
}"""
DRAWN = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done)))"""


class Page:
    """A report that is open in a browser."""

    def __init__(self, browser, path):
        self.page = browser.new_page(viewport={"width": 1200, "height": 800})
        self.trouble, self.requests = [], []
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        # Until then canvases are transparent.
        self.page.wait_for_function(
            f"""() => [...document.querySelectorAll("canvas")].every((canvas, i) =>
            JSON.parse(({PIXELS})(i)).slice(2).some(Boolean))"""
        )

    def __getattr__(self, name):
        return getattr(self.page, name)

    def slide(self, label, value):
        self.page.get_by_label(label, exact=True).fill(str(value))

    def pixels(self, index=0):
        """RGBA of a canvas, in which fully transparent pixels are black."""
        self.page.evaluate(DRAWN)
        height, width, *values = json.loads(self.page.evaluate(PIXELS, index))
        return np.array(values, np.uint8).reshape(height, width, 4)


@pytest.fixture(scope="module")
def report(chromium, known_regions, known_labels, known_images, tmp_path_factory):
    """Open the report of two images, once for all tests."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    model = known_regions(known_labels)
    write_report(model, known_images, path, titles=TITLES, names={1: "pore"})
    page = Page(chromium, path)
    yield page
    page.close()


@pytest.fixture
def page(report):
    """Set everything back; in the end it must have said and loaded nothing."""
    report.evaluate(RESET)
    yield report
    assert report.trouble == []
    others = [url for url in report.requests if not url.startswith("data:")]
    assert others == [report.url]


@pytest.fixture
def new_page(chromium, report):
    """Open the report anew: where the focus is cannot be set back."""
    page = Page(chromium, Path(unquote(urlparse(report.url).path)))
    yield page
    page.close()


@pytest.fixture
def open_report(chromium, tmp_path):
    """Write the report of a model that knows labels, and open it."""
    opened = []

    def open_(model, images, **options):
        write_report(model, images, tmp_path / "report.html", **options)
        opened.append(Page(chromium, tmp_path / "report.html"))
        return opened[-1]

    yield open_
    for page in opened:
        assert page.trouble == []
        page.close()


def borders(regions):
    edges = np.zeros(regions.shape, bool)
    edges[:, :-1] |= regions[:, :-1] != regions[:, 1:]
    edges[:-1] |= regions[:-1] != regions[1:]
    return edges


def same_parts(one, other):
    """Whether two maps divide an image alike, whatever the numbers."""
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1).shape[1]
    return pairs == len(np.unique(one)) == len(np.unique(other))


def test_pixels_have_the_colours_of_their_classes(page, known_labels):
    page.slide("Strength of the tint", 100)
    for index, labels in enumerate(known_labels):
        found, inside = page.pixels(index), labels >= 0
        assert_array_equal(found[inside][:, :3], label_colors(5)[labels[inside]])
        assert (found[inside][:, 3] == 255).all()


def test_void_is_dimmed_and_not_coloured(page, known_labels):
    page.slide("Strength of the tint", 60)
    void = page.pixels()[known_labels[0] < 0]
    assert_array_equal(np.unique(void, axis=0), [[0, 0, 0, round(0.65 * 255)]])


@pytest.mark.parametrize("percent", [0, 20, 45])
def test_the_slider_sets_the_strength_of_tint_and_borders(page, known_labels, percent):
    page.slide("Strength of the tint", percent)
    alpha, labels = page.pixels()[..., 3].astype(int), known_labels[0]
    inside = labels >= 0
    edge = borders(labels) & inside
    assert_allclose(alpha[inside & ~edge], 2.55 * percent, atol=0.6)
    assert_allclose(alpha[edge], 5.1 * percent, atol=0.6)
    assert page.locator("#opacity-shown").text_content() == f"{percent} %"


def test_borders_can_be_left_out(page, known_labels):
    page.get_by_label("Borders").uncheck()
    inside = known_labels[0] >= 0
    assert len(np.unique(page.pixels()[inside][:, 3])) == 1


def test_a_class_that_is_switched_off_leaves_the_image_as_it_is(page, known_labels):
    before = page.pixels()
    page.get_by_label("class 2").uncheck()
    after, off = page.pixels(), known_labels[0] == 2
    assert (after[off][:, 3] == 0).all()
    assert_array_equal(after[~off], before[~off])
    page.get_by_label("class 2").check()
    assert_array_equal(page.pixels(), before)


def test_all_classes_are_switched_at_once(page, known_labels):
    before = page.pixels()
    page.get_by_role("button", name="None").click()
    assert (page.pixels()[known_labels[0] >= 0][:, 3] == 0).all()
    assert (page.pixels(1)[..., 3] == 0).all()
    page.get_by_label("pore").check()
    shown = page.pixels()[..., 3] > 0
    assert_array_equal(shown, np.isin(known_labels[0], [1, -1]))
    page.get_by_role("button", name="All").click()
    assert_array_equal(page.pixels(), before)


def test_the_slider_of_granularity_gives_the_cuts_of_the_hierarchy(page, stripes):
    page.slide("Strength of the tint", 100)
    hierarchy = stripes((32, 48), 40)
    for level, k in enumerate(LEVELS):
        page.slide("Granularity", level)
        found = page.pixels()[4:, :, :3].astype(int) @ [1, 256, 65536]
        assert page.locator("#level-shown").text_content() == f"{k} regions"
        assert same_parts(found, hierarchy.cut(n_regions=min(k, 40))[4:])
    assert page.get_by_role("radio", name="regions").is_checked()


def test_a_region_keeps_its_colour_when_others_part_from_it(page):
    page.slide("Strength of the tint", 100)
    page.slide("Granularity", 0)
    coarse = page.pixels()[..., :3]
    page.slide("Granularity", 1)
    fine = page.pixels()[..., :3]
    kept = (coarse == fine).all(axis=-1)
    assert 0 < kept.mean() < 1
    page.get_by_role("radio", name="classes").check()
    assert_array_equal(page.pixels()[20, 0, :3], label_colors(1)[0])


def test_hidden_classes_are_hidden_in_regions_too(page, known_labels):
    page.slide("Granularity", 3)
    page.get_by_label("class 2").uncheck()
    alpha = page.pixels()[..., 3]
    assert (alpha[known_labels[0] == 2] == 0).all()
    assert (alpha[known_labels[0] != 2] > 0).all()


def test_everything_can_be_reached_and_done_with_the_keyboard(new_page):
    reached = []
    for _ in range(14):
        new_page.keyboard.press("Tab")
        reached.append(new_page.evaluate("() => document.activeElement.id"))
        if reached[-1] == "opacity":
            new_page.keyboard.press("ArrowRight")
        if reached[-1] == "level":
            new_page.keyboard.press("End")
        if reached[-1] == "none":
            new_page.keyboard.press("Space")
    assert reached[:4] == ["", "opacity", "borders", ""]
    assert new_page.locator("#opacity-shown").text_content() == "46 %"
    assert new_page.locator("#level").get_attribute("aria-valuetext") == "192 regions"
    assert (new_page.pixels(1)[..., 3] == 0).all()


def test_the_skip_link_leads_to_the_images(new_page):
    new_page.keyboard.press("Tab")
    assert new_page.get_by_role("link", name="Skip to the images").is_visible()
    new_page.keyboard.press("Enter")
    assert new_page.evaluate("() => document.activeElement.id") == "images"


def test_everything_has_a_name_for_those_who_do_not_see_it(page):
    tree = page.locator("body").aria_snapshot()
    for line in tree.splitlines():
        part = line.strip(" -").rstrip(":")
        role = part.split()[0] if part else ""
        if role in {"slider", "checkbox", "radio", "button", "img", "table"}:
            assert '"' in part, line
    assert 'slider "Granularity"' in tree
    assert 'checkbox "pore"' in tree
    # Shown, and not taken for markup.
    assert "first & <b>" in tree


def test_the_pointer_tells_the_class(page, known_labels):
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    at = {"x": box["width"] * 40 / 48, "y": box["height"] * 12 / 32}
    canvas.hover(position=at)
    assert page.locator(".under").first.text_content() == "pore"
    canvas.hover(position={"x": 5, "y": 5})
    assert page.locator(".under").first.text_content() == ""


def test_image_and_tint_lie_on_each_other(page):
    for figure in page.locator("figure").all():
        image = figure.locator(".tinted img")
        assert image.evaluate("(image) => image.naturalWidth") > 0
        assert image.bounding_box() == figure.locator("canvas").bounding_box()
        beside = figure.locator(".original").bounding_box()
        assert beside["width"] == image.bounding_box()["width"]


def test_classes_and_regions_of_a_pipeline_that_learnt_them(
    open_report, make_segmenter, make_image
):
    image = make_image((64, 80), 3)
    model = make_pipeline(Rescale(0.5), make_segmenter(max_epochs=2)).fit([image])
    page = open_report(model, [image])
    page.slide("Strength of the tint", 100)
    labels = model.predict([image])[0]
    assert_array_equal(page.pixels()[..., :3], label_colors(4)[labels])
    hierarchy = model[-1].hierarchy(model[:-1].transform([image]))[0]
    for level in (0, 4, 8):
        page.slide("Granularity", level)
        found = page.pixels()[..., :3].astype(int) @ [1, 256, 65536]
        k = min(LEVELS[level], hierarchy.n_superpixels)
        assert same_parts(found, hierarchy.cut(n_regions=k))


def test_more_than_255_classes(open_report, known):
    labels = np.arange(320, dtype=np.int32).reshape(16, 20)
    labels[0] = -1
    page = open_report(known([labels]), [np.zeros((16, 20), np.uint8)])
    page.slide("Strength of the tint", 100)
    found = page.pixels()
    assert_array_equal(found[1:, :, :3], label_colors(320)[labels[1:]])
    assert (found[0, :, :3] == 0).all()


def test_large_images_are_shrunk(open_report, known):
    labels = np.zeros((40, 2048), np.int32)
    labels[:, 1024:] = 1
    page = open_report(known([labels]), [np.zeros((40, 2048), np.uint8)])
    page.slide("Strength of the tint", 100)
    found = page.pixels()
    assert found.shape == (20, 1024, 4)
    assert_array_equal(found[:, :512, :3], np.tile(label_colors(1)[0], (20, 512, 1)))
    assert_array_equal(found[:, 512:, :3], np.tile(label_colors(2)[1], (20, 512, 1)))


def test_without_a_hierarchy_there_is_no_granularity(
    open_report, known, known_labels, known_images
):
    page = open_report(known(known_labels), known_images)
    assert page.get_by_label("Granularity").count() == 0
    assert page.get_by_label("Strength of the tint").count() == 1


def test_an_old_browser_says_what_is_wrong(chromium, report):
    page = chromium.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(report.url)
    page.wait_for_selector("#problem:not([hidden])")
    assert "DecompressionStream" in page.locator("#problem").text_content()
    page.close()
