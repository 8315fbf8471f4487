"""Displays keep what they show and say where they drew it."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from sksegment.plotting import (
    SegmentationDisplay,
    UncertaintyDisplay,
    headless_axes,
    overlay,
    uncertainty,
)
from sksegment.preprocessing import ClipPercentiles


def test_segmentation_of_an_estimator(fitted, make_image):
    image = make_image((32, 40), 3)
    display = SegmentationDisplay.from_estimator(fitted, image, alpha=0.3)
    assert_array_equal(display.labels, fitted.predict([image])[0])
    drawn = np.asarray(display.image_.get_array())
    assert_array_equal(drawn, overlay(image, display.labels, alpha=0.3))
    assert display.ax_.figure is display.figure_


def test_segmentation_of_a_pipeline(make_segmenter, make_image):
    image = make_image((32, 40))
    model = make_pipeline(ClipPercentiles(), make_segmenter()).fit([image])
    display = SegmentationDisplay.from_estimator(model, image, legend=False)
    assert display.labels.shape == image.shape


def test_legend_has_the_names_that_classes_got_with_the_scribbles(
    make_segmenter, make_image
):
    image = make_image((32, 40))
    strokes = np.full(image.shape, -1)
    strokes[:3], strokes[14:18, 16:24] = 0, 1
    model = make_segmenter(max_labels=2)
    model.fit([image], scribbles=[strokes], class_names=["desk", "coin"])
    ax = SegmentationDisplay.from_estimator(model, image, ax=headless_axes()).ax_
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert any(text.startswith("coin, ") for text in texts)
    ax = SegmentationDisplay.from_estimator(
        model, image, names=["desk", "penny"], ax=headless_axes()
    ).ax_
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert any(text.startswith("penny, ") for text in texts)


def test_a_display_can_be_plotted_again_elsewhere(image, labels):
    first = headless_axes()
    display = SegmentationDisplay.from_predictions(
        image, labels, names=["a", "b"], ax=first
    )
    assert display.ax_ is first
    second = headless_axes()
    assert display.plot(second) is display
    assert display.ax_ is second
    assert second.get_legend().get_texts()[0].get_text() == "a, 48.4 %"


@pytest.mark.parametrize("measure", ["margin", "entropy"])
def test_uncertainty_of_an_estimator(fitted, make_image, measure):
    image = make_image((32, 40), 3)
    display = UncertaintyDisplay.from_estimator(fitted, image, measure=measure)
    proba = fitted.predict_proba([image])[0]
    assert_array_equal(display.uncertainty, uncertainty(proba, measure))
    assert_array_equal(display.image_.get_array(), display.uncertainty)
    again = headless_axes()
    assert display.plot(again, colorbar=False).ax_ is again
