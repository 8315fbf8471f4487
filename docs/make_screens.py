"""Make the pictures of plots, report and preview in docs/images again.

python docs/make_screens.py            # needs Chromium, for the report
"""

import shutil
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image
from playwright.sync_api import sync_playwright

from sksegment import SparseWNetSegmenter
from sksegment.datasets import make_tomogram, sample_images
from sksegment.plotting import (
    SegmentationDisplay,
    UncertaintyDisplay,
    plot_classes,
    plot_hierarchy,
    plot_history,
    plot_slices,
    plot_superpixels,
)
from sksegment.report import write_report
from sksegment.training import Preview

IMAGES = Path(__file__).parent / "images"
N_COLORS = 128


def save(picture, name, **options):
    """Save a picture, with few colours if it is a PNG."""
    if name.endswith(".png"):
        method = Image.Quantize.MAXCOVERAGE
        picture = picture.quantize(N_COLORS, method, kmeans=3, dither=0)
    picture.save(IMAGES / name, optimize=True, **options)
    print(f"{name}: {picture.width} x {picture.height}, ", end="")
    print(f"{(IMAGES / name).stat().st_size / 1000:.0f} kB")


def draw_plots(model, photo, folder):
    """Draw every kind of plot into one figure."""
    figure, axes = plt.subplot_mosaic(
        [["overlay", "uncertainty"], ["superpixels", "classes"],
         ["hierarchy", "hierarchy"], ["history", "slices"]],
        figsize=(11, 14), height_ratios=(3, 3, 2, 3), layout="constrained",
    )  # fmt: skip
    SegmentationDisplay.from_estimator(model, photo, ax=axes["overlay"])
    UncertaintyDisplay.from_estimator(model, photo, ax=axes["uncertainty"])
    superpixels = model.superpixels_.transform([photo])[0]
    plot_superpixels(photo, superpixels, ax=axes["superpixels"])
    plot_classes(photo, model.predict([photo])[0], ax=axes["classes"])
    plot_hierarchy(photo, model.hierarchy([photo])[0], ax=axes["hierarchy"])
    plot_history(model.history_, ax=axes["history"])
    volume, truth = make_tomogram((24, 96, 128), random_state=0)
    plot_slices(volume, truth, ax=axes["slices"])
    figure.savefig(folder / "plots.png", dpi=85)
    save(Image.open(folder / "plots.png").convert("RGB"), "plots.png")


def shoot_report(model, images, titles, folder):
    """Take pictures of the report: classes, and regions with a class switched off."""
    path = folder / "report.html"
    write_report(model, images, path, titles=titles)
    print(f"report.html: {path.stat().st_size / 1000:.0f} kB")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 640})
        page.on("console", lambda message: print("console:", message.text))
        page.goto(path.as_uri())
        page.wait_for_timeout(1000)
        shoot(page, folder, "report.jpg")
        page.get_by_label("Granularity").fill("6")
        page.get_by_label("Strength of the tint").fill("60")
        page.get_by_label("class 0").uncheck()
        page.wait_for_timeout(500)
        shoot(page, folder, "report_regions.jpg")
        browser.close()


def shoot(page, folder, name):
    """Save what a page shows."""
    page.screenshot(path=folder / "page.png")
    save(Image.open(folder / "page.png").convert("RGB"), name, quality=82)


def main():
    """Make all of them."""
    samples = sample_images()
    photos = dict(zip(samples.names, samples.images, strict=True))
    coffee = photos["coffee"]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        with Preview(folder / "preview", every=3):
            model = SparseWNetSegmenter(random_state=0).fit([coffee])
        first = Image.open(folder / "preview" / "01_epoch_001.png")
        last = Image.open(folder / "preview" / "01_epoch_007.png")
        both = Image.new("RGB", (first.width, 2 * first.height), "white")
        both.paste(first, (0, 0))
        both.paste(last, (0, first.height))
        both.thumbnail((760, 760))
        save(both, "preview.jpg", quality=82)
        model.merge_labels(8)
        shoot_report(model, [coffee, photos["chelsea"]], ["coffee", "chelsea"], folder)
        draw_plots(model, coffee, folder)


if __name__ == "__main__":
    main()
