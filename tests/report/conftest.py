"""A model whose labels and regions are known, and a browser."""

import shutil

import numpy as np
import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Known:
    """A model that gives labels it was made with."""

    def __init__(self, labels):
        self.labels = labels

    def get_params(self, deep=True):
        return {"labels": None}

    def predict(self, X):
        return [self.labels[int(image[0, 0].max())] for image in X]


@pytest.fixture(scope="session")
def known():
    """Make a model that labels image i, whose first pixel is i, as it is told."""
    return Known


@pytest.fixture(scope="session")
def known_regions(stripes):
    """Make one that has regions, too: forty stripes."""

    class KnownRegions(Known):
        def hierarchy(self, X):
            return [stripes(image.shape[:2], 40) for image in X]

    return KnownRegions


@pytest.fixture(scope="session")
def known_labels():
    """Label maps of two sizes: with void, with class 3 missing, with one class."""
    labels = np.zeros((32, 48), np.int32)
    labels[:, 24:] = 1
    labels[8:16, 4:12] = 2
    labels[20:24, 30:40] = 4
    labels[:4] = -1
    return [labels, np.full((40, 80), 1, np.int32)]


@pytest.fixture(scope="session")
def known_images(known_labels):
    """Grey noise; the first pixel says which image it is."""
    rng = np.random.default_rng(0)
    images = [rng.integers(9, 200, x.shape, dtype=np.uint8) for x in known_labels]
    for index, image in enumerate(images):
        image[0, 0] = index
    return images


@pytest.fixture(scope="session")
def chromium():
    """Start a browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        # Within a container there is no sandbox, nor are there foreign pages here.
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
