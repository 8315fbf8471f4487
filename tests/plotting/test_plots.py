"""Plots: what is drawn, where, and that it needs no display."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sksegment._pictures import display_limits
from sksegment.plotting import (
    headless_axes,
    label_colors,
    overlay,
    plot_classes,
    plot_hierarchy,
    plot_history,
    plot_overlay,
    plot_slices,
    plot_superpixels,
    plot_uncertainty,
)


def drawn(ax):
    return [np.asarray(shown.get_array()) for shown in ax.images]


def titles(ax):
    return [text.get_text() for text in ax.texts]


def all_plots(image, labels, hierarchy, ax=None):
    history = [{"epoch": 1, "loss": 0.5}]
    return {
        "overlay": plot_overlay(image, labels, ax=ax),
        "superpixels": plot_superpixels(image, labels, ax=ax),
        "classes": plot_classes(image, labels, ax=ax),
        "hierarchy": plot_hierarchy(image, hierarchy, ax=ax),
        "uncertainty": plot_uncertainty(labels / 4, ax=ax),
        "slices": plot_slices([image], [labels], ax=ax),
        "history": plot_history(history, ax=ax),
    }


def test_every_plot_uses_the_axes_it_is_given(image, labels, stripes):
    ax = headless_axes()
    for name, found in all_plots(image, labels, stripes(image.shape, 8), ax).items():
        assert found is ax, name
    ax.figure.canvas.draw()


def test_every_plot_makes_a_figure_of_its_own(image, labels, stripes):
    axes = all_plots(image, labels, stripes(image.shape, 8))
    assert len({ax.figure.number for ax in axes.values()}) == len(axes)
    for name, ax in axes.items():
        ax.figure.canvas.draw()
        pixels = np.asarray(ax.figure.canvas.buffer_rgba())
        assert pixels[..., :3].std() > 5, f"{name} is blank"


def test_importing_plotting_does_not_import_matplotlib():
    code = "import sys, sksegment.plotting; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_legend_names_the_classes_there_are_in_their_colours(image, labels):
    ax = plot_overlay(image, labels, names={1: "pore"})
    legend = ax.get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["class 0, 48.4 %", "pore, 50.0 %", "class 4, 1.6 %"]
    colors = [patch.get_facecolor()[:3] for patch in legend.get_patches()]
    assert_allclose(colors, label_colors(5)[[0, 1, 4]] / 255)
    assert_array_equal(drawn(ax)[0], overlay(image, labels))


def test_overlay_without_legend(image, labels):
    assert plot_overlay(image, labels, legend=False).get_legend() is None


def test_a_class_has_one_colour_in_all_plots(image, labels):
    only_four = np.where(labels == 4, 4, -1)
    for found in (labels, only_four):
        legend = plot_overlay(image, found).get_legend()
        color = legend.get_patches()[-1].get_facecolor()[:3]
        assert_allclose(color, label_colors(5)[4] / 255)


def test_superpixels_have_borders_and_nothing_else_changes(image, labels):
    ax = plot_superpixels(image, labels, color=(1, 0, 0))
    picture = drawn(ax)[0].astype(int)
    edge = np.zeros(image.shape, bool)
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    edge[:-1] |= labels[:-1] != labels[1:]
    assert_array_equal(picture[~edge][:, 1], image[~edge])
    assert_allclose(picture[edge][:, 1], 0.4 * image[edge], atol=1)
    assert (picture[edge][:, 0] >= 153).all()


def test_montage_shows_one_class_in_each_picture(image, labels):
    ax = plot_classes(image, labels, names=["rock"])
    pictures = drawn(ax)
    assert titles(ax) == ["rock, 48.4 %", "class 1, 50.0 %", "class 4, 1.6 %"]
    for label, picture in zip([0, 1, 4], pictures, strict=True):
        assert (picture[labels != label].mean(axis=0) > 215).all()
        inside = labels == label
        # Away from the borders, which are drawn in colour.
        inner = inside & np.roll(inside, -1, 0) & np.roll(inside, -1, 1)
        assert_array_equal(picture[inner][:, 0], image[inner])


def test_montage_of_nothing_is_refused(image):
    with pytest.raises(ValueError, match="void"):
        plot_classes(image, np.full(image.shape, -1))


def test_regions_are_in_their_mean_colours_from_coarse_to_fine(image, stripes):
    hierarchy = stripes(image.shape, 8)
    ax = plot_hierarchy(image, hierarchy, n_regions=(1, 2, 4, 99))
    assert titles(ax) == ["1 region", "2 regions", "4 regions"]
    whole, halves, quarters = drawn(ax)
    assert_allclose(whole, image.mean(), atol=1)
    assert len(np.unique(halves)) == 3
    assert len(np.unique(quarters)) > 3
    lefts = [shown.get_extent()[0] for shown in ax.images]
    assert lefts == sorted(lefts)
    assert len(set(lefts)) == 3


def test_more_regions_than_there_are_is_refused(image, stripes):
    with pytest.raises(ValueError, match="1 to 8"):
        plot_hierarchy(image, stripes(image.shape, 8), n_regions=[9, 16])


def test_uncertainty_has_one_scale_whatever_the_values():
    values = np.full((8, 8), 0.2)
    values[0, 0] = np.nan
    ax = plot_uncertainty(values, measure="entropy")
    assert ax.images[0].get_clim() == (0.0, 1.0)
    bar = next(other for other in ax.figure.axes if other is not ax)
    assert bar.get_ylabel() == "uncertainty (entropy)"
    assert len(plot_uncertainty(values, colorbar=False).figure.axes) == 1


def test_slices_share_one_scale_of_intensities():
    dark, bright = np.full((8, 8), 0.0), np.linspace(0, 1, 64).reshape(8, 8)
    labels = np.full((2, 8, 8), 0)
    ax = plot_slices([dark, bright], labels, indices=[1, 0], alpha=0.0)
    second, first = drawn(ax)
    assert titles(ax) == ["1", "0"]
    assert first.max() == 0
    assert second.max() == 255
    limits = np.ravel(display_limits([dark, bright]))
    assert_allclose(limits, (0, 1), atol=0.02)


def test_what_is_not_a_number_takes_no_contrast_away():
    known = np.linspace(1000, 1100, 64, dtype=np.float32).reshape(8, 8)
    unknown = np.where(np.eye(8, dtype=bool), np.nan, known)
    assert_allclose(display_limits([unknown]), display_limits([known]), atol=3.0)
    assert display_limits([np.full((8, 8), np.nan)]) is None


def test_slices_are_spread_evenly_and_only_they_are_read():
    class Volume:
        read = []

        def __len__(self):
            return 11

        def __getitem__(self, index):
            self.read.append(index)
            return np.full((8, 8), index, np.uint8)

    ax = plot_slices(Volume(), np.zeros((11, 8, 8), int), indices=3)
    assert titles(ax) == ["0", "5", "10"]
    assert Volume.read == [0, 5, 10]


@pytest.mark.parametrize(
    ("plot", "message"),
    [
        (lambda i, x, h: plot_overlay(i[:9], x), "belong together"),
        (lambda i, x, h: plot_superpixels(i[:9], x), "belong together"),
        (lambda i, x, h: plot_classes(i[:9], x), "belong together"),
        (lambda i, x, h: plot_hierarchy(i[:9], h), "belong together"),
        (lambda i, x, h: plot_uncertainty(x[0]), r"\(H, W\)"),
        (lambda i, x, h: plot_slices([i, i], [x]), "2 images, but labels of 1"),
        (lambda i, x, h: plot_slices([i], [x], indices=[]), "no slice"),
    ],
)
def test_what_cannot_be_shown_is_refused(plot, message, image, labels, stripes):
    with pytest.raises(ValueError, match=message):
        plot(image, labels, stripes(image.shape, 8))


def test_scribbles_have_a_curve_of_their_own():
    history = [{"epoch": 1, "loss": 0.9, "scribble": 0.5, "con": 0.1}]
    lines = plot_history(history).get_lines()
    assert [line.get_label() for line in lines] == ["total", "continuity", "scribbles"]
    assert len({tuple(np.ravel(line.get_color()).tolist()) for line in lines}) == 3
