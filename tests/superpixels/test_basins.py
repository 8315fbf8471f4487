"""As many superpixels as the gradient has basins."""

import numpy as np


def thin_lines(noise=0.0, seed=0):
    """Bright lines, 3 pixels wide, on a ground without any structure."""
    image = np.zeros((80, 90))
    image[20:23, 10:80] = image[40:75, 44:47] = 100.0
    return image + np.random.default_rng(seed).normal(0, noise, image.shape)


def test_number_of_basins_follows_the_structure(photo, segment):
    few, many = (
        segment(image, method="watershed", n_segments="auto").max() + 1
        for image in (thin_lines(), photo[:80, :90])
    )
    assert 2 <= few < 20 < many


def test_image_without_any_basin_is_divided_all_the_same(method, segment):
    assert segment(np.zeros((80, 90)), method=method, n_segments="auto").max() > 0


def test_few_basins_keep_to_the_borders_of_thin_lines(segment):
    image = thin_lines()
    bright = image > 50
    labels = segment(image, method="watershed", n_segments="auto")
    sizes = np.bincount(labels.ravel())
    inside = np.bincount(labels.ravel(), bright.ravel())
    assert len(sizes) < 20
    assert np.minimum(inside, sizes - inside).sum() < 0.05 * bright.sum()


def test_slic_takes_as_many_segments_as_there_are_basins(photo, segment):
    basins = segment(photo, method="watershed", n_segments="auto").max() + 1
    found = segment(photo, n_segments="auto").max() + 1
    assert 0.4 * basins < found < 1.6 * basins


def test_basins_are_cut_by_a_mask(segment):
    mask = np.zeros((80, 90), bool)
    mask[10:70, 30:60] = True
    labels = segment(thin_lines(2.0), method="watershed", n_segments="auto", mask=mask)
    np.testing.assert_array_equal(labels >= 0, mask)
    assert len(np.unique(labels[mask])) == labels.max() + 1
