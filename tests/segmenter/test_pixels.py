"""Every pixel has its own label: of its soft labels, its superpixel and its colour."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter, sobel

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment._appearance import (
    Appearance,
    PixelEvidence,
    learn_appearance,
    likely_labels,
)
from sksegment._intensity import IntensityScale
from sksegment._looks import looks_of_part, looks_of_pixels
from sksegment._model_file import read_file, write_file
from sksegment._parts import ScaledParts
from sksegment._two_sides import TwoSides
from sksegment.io import ModelFileError, load_model
from sksegment.metrics import v_measure


@pytest.fixture(scope="module")
def lines():
    """Bright lines, two pixels wide, thinner than any superpixel."""
    rng = np.random.default_rng(0)
    truth = np.zeros((96, 96), int)
    truth[20:22, 10:80] = truth[40:90, 60:62] = truth[50:52, 5:50] = 1
    return np.uint8(60 + 120 * truth + rng.normal(0, 8, truth.shape)), truth


def test_structures_finer_than_superpixels_are_found(make_segmenter, lines):
    image, truth = lines
    params = {"max_labels": 32, "superpixels__n_segments": 150, "max_epochs": 3}
    model = make_segmenter(**params, base_channels=8).fit([image])
    ious = []
    for assignment in ("mean", "pixel"):
        (labels,) = model.set_params(assignment=assignment).predict([image])
        # Whichever labels lie on lines mostly.
        on_lines = np.bincount(labels.ravel(), truth.ravel()) / np.maximum(
            np.bincount(labels.ravel()), 1
        )
        found = on_lines[labels] > 0.5
        ious.append((found & (truth == 1)).sum() / (found | (truth == 1)).sum())
    assert ious[0] < 0.3
    assert ious[1] > 0.8


def test_only_labels_of_superpixels_are_labels_of_pixels(sharp, make_segmenter, disc):
    (labels,) = sharp.predict([disc])
    model = make_segmenter(assignment="mean").fit([disc])
    of_superpixels = np.unique(model.labels_[0])
    pixels = make_segmenter().fit([disc])
    assert len(np.unique(pixels.labels_[0])) <= len(of_superpixels)
    assert set(np.unique(labels)) == set(np.flatnonzero(sharp.label_fractions_))


def test_training_images_get_the_same_labels_again(make_segmenter, X):
    model = make_segmenter(max_epochs=3).fit(X)
    for found, expected in zip(model.predict(X), model.labels_, strict=True):
        assert_array_equal(found, expected)
    counts = sum(
        np.bincount(m.ravel(), minlength=len(model.label_fractions_))
        for m in model.labels_
    )
    assert_allclose(model.label_fractions_, counts / counts.sum())


def test_labels_are_numbered_from_dark_to_bright(make_segmenter, disc):
    model = make_segmenter(max_labels=6, max_epochs=3, beta_sim=0.0).fit([disc])
    used = model.label_fractions_ > 0
    assert used.sum() > 1
    assert not (np.diff(used.astype(int)) > 0).any()
    assert (np.diff(model.label_colors_[used, 0]) > 0).all()


def test_nothing_outside_of_a_mask(make_segmenter, make_image, disc_mask):
    mask = disc_mask((32, 40))
    superpixels = SuperpixelTransformer(n_segments=30, mask=mask)
    image = make_image((32, 40), 3)
    model = make_segmenter(superpixels=superpixels).fit([image])
    assert_array_equal(model.predict([image])[0] == -1, ~mask)
    assert_array_equal(model.predict_proba([image])[0].sum(axis=-1) > 0.5, mask)


def test_it_cannot_be_set_after_the_fit(make_segmenter, X):
    model = make_segmenter(assignment="mean").fit(X).set_params(assignment="pixel")
    with pytest.raises(ValueError, match=r"'pixel' was set after the fit.*fit again"):
        model.predict(X)
    assert make_segmenter().fit(X).set_params(assignment="mean").predict(X)


def local_contrast(image, inside=None):
    """The definition, in float64: least deviation of Gaussian windows nearby."""
    image = image.astype(float)
    inside = np.ones(image.shape[:2], bool) if inside is None else inside

    def mean(plane):
        total, share = (
            gaussian_filter(values, 4.0, mode="nearest", truncate=3.0)
            for values in (inside * plane, inside.astype(float))
        )
        return total / np.maximum(share, 1e-4)

    variance = sum(mean(c**2) - mean(c) ** 2 for c in np.moveaxis(image, -1, 0))
    deviation = np.where(inside, np.sqrt(np.maximum(variance, 0.0)), np.inf)
    least = np.empty_like(deviation)
    rows, columns = np.indices(deviation.shape)
    for row, column in np.ndindex(deviation.shape):
        down, right = abs(rows - row), abs(columns - column)
        octagon = (np.maximum(down, right) <= 9) & (down + right <= 13)
        least[row, column] = deviation[octagon].min()
    return np.log(1.0 + least / 0.01)


def smooth_colors(image, inside=None):
    """The definition, in float64: means of windows, each by its variance to the -2."""

    def mean(plane, sigma):
        return gaussian_filter(plane, sigma, mode="nearest")

    channels = np.moveaxis(image.astype(float), -1, 0)
    means = [mean(c, 0.7) for c in channels]
    variance = sum(mean(c**2, 0.7) - m**2 for c, m in zip(channels, means, strict=True))
    weight = (np.maximum(variance, 0.0) + 1e-5) ** -2
    if inside is not None:
        weight = weight * inside
    total = mean(weight, 0.5)
    return np.stack([mean(weight * m, 0.5) / total for m in means], axis=-1)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_colors_are_those_of_the_flattest_windows(n_channels):
    image = np.random.default_rng(0).random((20, 30, n_channels)).astype(np.float32)
    inside = np.zeros((20, 30), bool)
    inside[3:15, 4:20] = True
    colors = looks_of_pixels(image, textures=())
    assert_allclose(colors, smooth_colors(image), atol=1e-4)
    colors = looks_of_pixels(image, inside, textures=())
    expected = smooth_colors(image, inside)
    assert_allclose(colors[inside], expected[inside], atol=1e-4)
    assert np.isfinite(colors).all()


def test_a_blurred_border_has_no_colour_of_its_own():
    step = np.where(np.arange(40) < 20, 0.2, 0.8)
    image = gaussian_filter(np.tile(step, (30, 1)), 1.0).astype(np.float32)
    (colors,) = looks_of_pixels(image[..., np.newaxis], textures=())[15].T
    between = (colors > 0.35) & (colors < 0.65)
    assert between.sum() <= 0.5 * ((image[15] > 0.35) & (image[15] < 0.65)).sum()
    # And what is smooth stays smooth.
    ramp = np.tile(np.linspace(0.2, 0.8, 40, dtype=np.float32), (30, 1))
    colors = looks_of_pixels(ramp[..., np.newaxis], textures=())[..., 0]
    assert_allclose(colors[:, 3:-3], ramp[:, 3:-3], atol=1e-3)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_scores_are_the_equation(n_channels):
    rng = np.random.default_rng(1)
    image = rng.random((6, 7, n_channels)).astype(np.float32)
    f = rng.dirichlet(np.ones(4), (6, 7)).astype(np.float32)
    superpixels = (np.arange(42).reshape(6, 7) // 6).astype(np.int32)
    superpixels[0, 0] = -1
    shares = rng.dirichlet(np.ones(4), 7).astype(np.float32)
    used = np.array([0, 2, 3])
    means, scale = rng.random((3, n_channels + 1)), rng.random(n_channels + 1) + 0.1
    looks = Appearance(means, scale, n_channels, used, ("contrast",))
    pixels = looks_of_pixels(image, textures=looks.textures)
    evidence = PixelEvidence(pixels, f[..., used], superpixels, shares)
    near = smooth_colors(image)
    contrast = local_contrast(image)
    expected = np.empty((6, 7, 3))
    for row, column in np.ndindex(6, 7):
        share = shares[superpixels[row, column]]
        for index, label in enumerate(used):
            prior = np.sqrt((f[row, column, label] + 1e-4) * (share[label] + 1e-4))
            color = ((near[row, column] - means[index, :-1]) / scale[:-1]) ** 2
            texture = ((contrast[row, column] - means[index, -1]) / scale[-1]) ** 2
            expected[row, column, index] = (
                0.5 * np.log(prior) - color.mean() / 2 - texture / 2
            )
    # Posteriors at a temperature of 2.
    proba = np.exp(expected / 2)
    proba /= proba.sum(axis=-1, keepdims=True)
    proba[0, 0] = 0.0
    shares = looks.shares(evidence)
    assert_allclose(shares[..., used], proba, atol=1e-5)
    assert_array_equal(shares[..., 1], 0.0)
    best = used[expected.argmax(axis=-1)]
    best[0, 0] = -1
    assert_array_equal(looks.labels(evidence), best)


def test_soft_labels_weigh_less_where_noise_is_averaged_away():
    means, used = np.array([[0.0], [1.0]]), np.arange(2)
    for left, weight in ((1.0, 0.2), (0.25, 0.05)):
        known = {"variance_left": left}
        assert Appearance(means, np.ones(1), 1, used, **known).prior_weight == weight
        # Strokes are heeded all the same, and textures are not averaged.
        hinted = Appearance(means, np.ones(1), 1, used, (), True, **known)
        assert hinted.prior_weight == 1.0
        textured = Appearance(means, np.ones(1), 1, used, ("contrast",), **known)
        assert textured.prior_weight == 0.5


def test_variance_left_is_that_of_the_windows():
    halves = np.repeat([[0, 1]], 24, axis=1) * np.ones((48, 1), int)
    noise = np.random.default_rng(0).normal(0, 0.3, (48, 48, 2))
    scaled = np.float32(halves[..., np.newaxis] + noise)
    pixels = looks_of_pixels(scaled, sigma=1.2)
    sure = np.float32(np.eye(2)[halves])
    evidence = PixelEvidence(pixels, sure, np.int32(halves), np.float32(np.eye(2)))
    looks, _ = learn_appearance([scaled], [evidence], np.arange(2))
    within = [
        np.mean([values[halves == k].var(axis=0) for k in range(2)], axis=0)
        for values in (scaled, pixels[..., :2])
    ]
    assert_allclose(looks.variance_left, (within[1] / within[0]).mean(), rtol=1e-4)
    assert looks.variance_left < 0.2


def test_variance_left_goes_with_the_model(make_segmenter, tmp_path):
    halves = np.repeat([[0.0, 1.0]], 48, axis=1) * np.ones((96, 1))
    image = halves + np.random.default_rng(0).normal(0, 0.3, halves.shape)
    model = make_segmenter(max_labels=2).fit([image])
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.variance_left_ == model.variance_left_ < 0.9
    # A mean of old and new images.
    again.partial_fit([halves])
    assert model.variance_left_ < again.variance_left_ <= 1.0


def test_grain_that_the_net_alone_tells_apart_stays_apart():
    """Fine and coarse grain of one grey, of which no look tells, and a dark pore."""
    noise = np.random.default_rng(0).normal(size=(96, 144))
    rows, columns = np.mgrid[:96, :144]
    truth = (columns > 72).astype(int)
    truth[np.hypot(rows - 50, columns - 70) < 22] = 2
    fine, coarse = 0.5 + 0.12 * noise, 0.5 + 0.35 * gaussian_filter(noise, 2)
    image = np.choose(truth, [fine, coarse, 0.1 + 0.05 * noise])
    model = SparseWNetSegmenter(
        8, resolution=1.0, beta_sim=0.5, beta_con=0.5, base_channels=8, max_epochs=4
    )
    model.set_params(superpixels__n_segments=400, patches__counts=(32,))
    model.set_params(random_state=1).fit([image])
    assert not model.texture_scales_
    assert v_measure(truth, model.labels_[0]) > 0.75


def test_looks_are_means_and_the_deviation_within():
    image = np.array([[[1.0], [3.0], [10.0], [14.0], [99.0]]], np.float32)
    # Colours of single pixels count, not the smoothed ones; contrast as it is.
    looks = np.array([[[0, 9], [0, 11], [0, 1], [0, 3], [0, 99]]], np.float32)
    labels = np.array([[0, 0, 2, 2, -1]])
    sides = {"contrast": TwoSides(2.0, 10.0, 1.0, separability=17.4)}
    used = np.array([0, 2, 5])
    found = Appearance.measure([image], [looks], [labels], used, sides)
    assert_allclose(found.looks[:2], [[2.0, 10.0], [12.0, 2.0]])
    # Variances within labels: 2.5 and 1; of colours between them, 10 times as much.
    weight = 2 * 16**2 / (10**2 + 16**2)
    assert_allclose(found.scale, [np.sqrt(2.5), np.sqrt(1.0 / weight)])
    assert (found.looks[2] > 100).all()


def test_distances_of_points_are_those_of_the_scores():
    means = np.array([[0.1, 0.2, 3.0], [0.4, 0.8, 1.0]])
    looks = Appearance(means, np.array([0.1, 0.2, 0.5]), 2, np.arange(2), ("contrast",))
    first, second = looks.points()
    # Colours: (3^2 + 3^2) / 2; contrast: 4^2.
    assert_allclose(((first - second) ** 2).sum(), 9.0 + 16.0)


@pytest.mark.parametrize(
    ("texture", "of_one_kind"),
    [("contrast", 1.4), ("orientation_0", 5.0), ("orientation_45", 5.0)],
)
def test_textures_count_where_they_divide_the_image(texture, of_one_kind):
    labels = np.repeat([[0, 1]], 8, axis=1)
    noise = np.tile([-1.0, 1.0], 8)
    apart, alike = 3.0 * labels[0] + noise, noise

    def measure(color, separability, **options):
        looks = np.stack([color, alike], axis=-1, dtype=np.float32)[np.newaxis]
        sides = {texture: TwoSides(0.0, 1.0, 0.1, separability)}
        image, used = looks[..., :1], np.arange(2)
        return Appearance.measure([image], [looks], [labels], used, sides, **options)

    assert measure(apart, 0.0).textures == ()
    assert measure(alike, of_one_kind - 0.1).textures == ()
    # Between the labels colours vary 1.5^2 times as much as within.
    for color, weight in ((alike, 2.0), (apart, 1.0)):
        found = measure(color, of_one_kind + 2.25)
        assert found.textures == (texture,)
        assert_allclose(found.scale[0] / found.scale[1], np.sqrt(weight))
    # Nor where colours do, although those of the labels do not.
    assert measure(alike, of_one_kind + 2.25, of_colors=9.0).textures == ()


def test_of_several_textures_those_that_divide_are_kept():
    noise = np.tile([-1.0, 1.0], 8)
    planes = np.stack([noise, noise, noise + 5.0, noise + 7.0], axis=-1)
    looks, labels = np.float32(planes)[np.newaxis], np.repeat([[0, 1]], 8, axis=1)
    sides = {
        "contrast": TwoSides(0.0, 1.0, 0.1, 1.0),
        "orientation_0": TwoSides(0.0, 1.0, 0.1, 9.0),
        "orientation_45": TwoSides(0.0, 1.0, 0.1, 4.9),
    }
    image, used = looks[..., :1], np.arange(2)
    found = Appearance.measure([image], [looks], [labels], used, sides)
    assert found.textures == ("orientation_0",)
    assert_allclose(found.looks, [[0.0, 5.0], [0.0, 5.0]], atol=1e-6)
    spread = found.spread(sides)
    assert spread.looks.shape == found.looks.shape


def test_two_sides():
    rng = np.random.default_rng(0)
    peaks = np.r_[rng.normal(1.0, 0.1, 6000), rng.normal(2.0, 0.1, 4000)]
    sides = TwoSides.of(peaks, 0.1)
    found = sides.low, sides.high, sides.deviation
    assert_allclose(found, (1.0, 2.0, 0.1), atol=0.01)
    assert sides.separability == pytest.approx(0.24 / 0.01, rel=0.05)
    one_peak = TwoSides.of(rng.normal(1.0, 0.5, 100_000), 0.1)
    assert one_peak.separability == pytest.approx(
        (2 / np.pi) / (1 - 2 / np.pi), abs=0.05
    )


@pytest.mark.parametrize("values", [[], [0.5], [0.5] * 100, [0.5, 0.55] * 50])
def test_values_that_are_alike_have_no_sides(values):
    sides = TwoSides.of(values, 0.1)
    assert sides.separability == 0.0
    assert sides.low == sides.high


def test_textures_are_spread_in_their_order():
    looks = np.array([[0.1, 1.2], [0.3, 1.0], [0.5, 1.1], [1e3, 1e3]])
    sides = {"contrast": TwoSides(0.5, 2.5, 0.2, 4.0)}

    def spread_of(looks):
        scale, labels = np.array([0.1, 0.4]), np.arange(len(looks))
        return Appearance(looks, scale, 1, labels, ("contrast",)).spread(sides)

    spread = spread_of(looks)
    assert_allclose(spread.looks[:, 1], [2.5, 0.5, 1.5, 1e3])
    assert_allclose(spread.looks[:, 0], looks[:, 0])
    assert_allclose(spread.scale, [0.1, 0.2 / np.sqrt(2.0)])
    assert_allclose(spread_of(looks[:1]).looks, [[0.1, 0.5]])


def test_contrast_outside_of_the_mask_does_not_count():
    rng = np.random.default_rng(3)
    image = np.float32(0.5 + 0.02 * rng.normal(size=(40, 50, 1)))
    inside = np.zeros((40, 50), bool)
    inside[:, :30] = True
    image[~inside] = 0.0
    contrast = looks_of_pixels(image, inside)[..., 1]
    assert np.isfinite(contrast).all()
    assert_allclose(contrast[inside], local_contrast(image, inside)[inside], atol=1e-3)
    # Noise alone, 2 hundredths; the step at the rim of the mask would count.
    assert contrast[inside].max() < np.log(1.0 + 2.5)
    assert looks_of_pixels(image)[:, :30, 1].max() > np.log(1.0 + 4.0)


def test_borders_are_not_textures():
    image = np.full((60, 120, 1), 0.3, np.float32)
    image[:, 40:] = 0.6
    image[:, 80:, 0] += np.random.default_rng(0).choice([-0.15, 0.15], (60, 40))
    contrast = looks_of_pixels(image)[30, :, 1]
    # Nearly none at the border of flat areas, where the deviation is 0.15 as well.
    assert np.expm1(contrast[40]) < 0.3 * np.expm1(contrast[90:].min())
    assert contrast[:30].max() < 0.1


def orientations(image, inside=None):
    """The definition, in float64: the structure tensor over windows of 6 pixels."""
    image = image.astype(float)
    inside = np.ones(image.shape[:2], bool) if inside is None else inside

    def mean(plane, sigma, truncate):
        total, share = (
            gaussian_filter(values, sigma, mode="nearest", truncate=truncate)
            for values in (inside * plane, inside.astype(float))
        )
        return total / np.maximum(share, 1e-4)

    clear = [mean(c, 0.7, 4.0) for c in np.moveaxis(image, -1, 0)]
    dy, dx = (
        np.stack([sobel(c, axis, mode="nearest") / 8 for c in clear]) for axis in (0, 1)
    )
    xx, yy, xy = (
        mean((one * other).sum(axis=0), 6.0, 3.0)
        for one, other in ((dx, dx), (dy, dy), (dx, dy))
    )
    return np.stack([xx - yy, 2 * xy], axis=-1) / (xx + yy + 5e-6)[..., np.newaxis]


@pytest.mark.parametrize("n_channels", [1, 3])
def test_orientation_is_that_of_the_structure_tensor(n_channels):
    rng = np.random.default_rng(6)
    image = rng.random((40, 50, n_channels)).astype(np.float32)
    inside = np.zeros((40, 50), bool)
    inside[3:30, 4:40] = True
    names = "orientation_0", "orientation_45"
    found = looks_of_pixels(image, textures=names)[..., n_channels:]
    assert_allclose(found, orientations(image), atol=1e-4)
    found = looks_of_pixels(image, inside, names)[..., n_channels:]
    assert_allclose(found[inside], orientations(image, inside)[inside], atol=1e-4)
    assert np.isfinite(found).all()
    # No value outside changes anything inside.
    image[~inside] = 7.0
    again = looks_of_pixels(image, inside, names)[..., n_channels:]
    assert_allclose(again[inside], found[inside], atol=1e-5)


@pytest.mark.parametrize(
    ("angle", "expected"), [(0, (1, 0)), (90, (-1, 0)), (45, (0, 1)), (135, (0, -1))]
)
def test_orientation_of_lines(angle, expected):
    y, x = np.mgrid[:80, :80]
    across = x * np.cos(np.deg2rad(angle)) + y * np.sin(np.deg2rad(angle))
    image = np.float32(0.5 + 0.2 * np.sin(across))[..., np.newaxis]
    names = "orientation_0", "orientation_45"
    middle = looks_of_pixels(image, textures=names)[30:50, 30:50, 1:]
    assert_allclose(middle, np.broadcast_to(expected, middle.shape), atol=0.02)
    # What is flat, or slightly shaded, has none.
    shade = np.float32(1e-4 * across)[..., np.newaxis]
    assert abs(looks_of_pixels(shade, textures=names)[..., 1:]).max() < 0.01


def test_looks_of_a_part_are_part_of_those_of_the_image():
    image = np.random.default_rng(4).integers(0, 255, (70, 90, 3)).astype(np.uint8)
    inside = np.hypot(*np.ogrid[-35:35, -45:45]) < 40
    scale = IntensityScale.of([image])
    whole = looks_of_pixels(scale.apply(image), inside)
    place = slice(20, 50), slice(30, 90)

    superpixels = np.where(inside, 0, -1)
    part = looks_of_part(ScaledParts(image, scale), *place, superpixels)
    assert part.shape == (30, 60, 6)
    assert_allclose(part, whole[place], atol=1e-5)


@pytest.fixture(scope="module")
def flat_and_rough():
    """Equal mean grey left and right; left flat, right a fine texture."""
    rng = np.random.default_rng(5)
    truth = np.zeros((128, 128), int)
    truth[:, 64:] = 1
    texture = rng.choice([-25, 25], truth.shape)
    image = 120 + truth * texture + rng.normal(0, 3, truth.shape)
    return np.uint8(image), truth


@pytest.fixture
def textured(flat_and_rough):
    betas = {"beta_sim": 0.01, "beta_con": 0.01}
    model = SparseWNetSegmenter(16, **betas, max_epochs=3, random_state=0)
    return model.fit([flat_and_rough[0]])


def by_colors(model):
    """Let a model forget textures, as one of colours alone."""
    model.texture_scales_ = {}
    model.label_textures_ = model.label_textures_[:, :0]
    return model


def test_textures_are_joined_by_contrast(textured, flat_and_rough):
    truth = flat_and_rough[1][np.newaxis]
    assert textured.texture_scales_["contrast"] > 0
    by_contrast = v_measure(truth, textured.merge_labels(2).labels_[0])
    assert by_contrast > 0.7
    # Which labels belong together their colours do not tell.
    labels = by_colors(textured).merge_labels(2).labels_[0]
    assert v_measure(truth, labels) < 0.5 * by_contrast


@pytest.fixture(scope="module")
def woven():
    """Threads upright on the left, level on the right, of equal mean and contrast."""
    rng = np.random.default_rng(7)
    upright, level = (
        gaussian_filter(rng.normal(size=(128, 128)), sigma)
        for sigma in ((4.0, 1.0), (1.0, 4.0))
    )
    truth = np.repeat([0, 1], 64) * np.ones((128, 1), int)
    return np.where(truth, level / level.std(), upright / upright.std()), truth


def test_orientations_are_told_apart(woven):
    image, truth = woven
    model = SparseWNetSegmenter(16, max_epochs=3, random_state=0).fit([image])
    assert [*model.texture_scales_] == ["orientation_0"]
    v = v_measure(truth[np.newaxis], model.merge_labels(2).labels_[0])
    assert v > 0.7
    # Of pixels that lie far from the border of both, nearly all.
    labels = model.labels_[0]
    left, right = labels[10:-10, 10:44], labels[10:-10, 84:-10]
    majority = np.bincount(left.ravel()).argmax()
    assert (left == majority).mean() > 0.9
    assert (right != majority).mean() > 0.9
    # A turn of the image turns what is upright.
    turned = model.predict([np.rot90(image).copy()])[0]
    assert (turned[10:-10, 10:-10] == np.rot90(labels)[10:-10, 10:-10]).mean() < 0.3


def test_gaps_between_grains_are_no_texture():
    # Noise makes colours vary within labels; contrast is high wherever grains are, even
    # in the gaps, but once noise is averaged away colours tell more than contrast.
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:128, :128]
    grains = (np.hypot(y % 14 - 7, x % 14 - 7) < 5.5) & (x < 64)
    image = gaussian_filter(grains * 1.0, 0.8) + rng.normal(size=grains.shape) * 0.2
    model = SparseWNetSegmenter(8, max_epochs=3, random_state=0).fit([image])
    assert model.texture_scales_ == {}
    truth = grains[np.newaxis].astype(int)
    assert v_measure(truth, model.merge_labels("auto").labels_[0]) > 0.5


def test_where_colours_tell_all_textures_are_left_out(make_segmenter, X, tmp_path):
    model = make_segmenter().fit(X)
    assert model.texture_scales_ == {}
    assert model.label_textures_.shape == (model.max_labels, 0)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.label_textures_.shape == (model.max_labels, 0)
    for found, wanted in zip(again.predict(X), model.predict(X), strict=True):
        assert_array_equal(found, wanted)


def test_textures_are_saved(textured, flat_and_rough, tmp_path):
    textured.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.texture_scales_ == textured.texture_scales_
    assert_array_equal(again.label_textures_, textured.label_textures_)
    image = flat_and_rough[0][10:90, 20:100]
    assert_array_equal(again.predict([image])[0], textured.predict([image])[0])
    again.merge_labels(3)
    assert_array_equal(again.label_groups_, textured.merge_labels(3).label_groups_)


def test_file_from_before_there_were_other_textures_is_read(textured, tmp_path):
    path = tmp_path / "model.safetensors"
    textured.save(path)
    header, tensors = read_file(path)
    fitted = header["fitted"]
    fitted["contrast_scale"] = fitted.pop("texture_scales")["contrast"]
    tensors["fitted/label_contrasts"] = tensors.pop("fitted/label_textures")[:, 0]
    write_file(path, header, tensors)
    again = load_model(path)
    assert again.texture_scales_ == textured.texture_scales_
    assert_array_equal(again.label_textures_, textured.label_textures_)


def test_first_guess_is_the_largest_product():
    f = np.array([[[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]]], np.float32)
    shares = np.array([[0.2, 0.6, 0.2]], np.float32)
    superpixels = np.array([[0, -1]], np.int32)
    evidence = PixelEvidence(None, f, superpixels, shares)
    assert likely_labels(evidence, np.arange(3)).tolist() == [[1, -1]]
    evidence = PixelEvidence(None, f[..., [0, 2]], superpixels, shares)
    guess = likely_labels(evidence, np.array([0, 2]))
    assert guess.tolist() == [[0, -1]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("color_deviation_", np.zeros(3)),
        ("color_deviation_", np.ones(2)),
        ("texture_scales_", {}),
        ("texture_scales_", {"contrast": 0.0}),
        ("texture_scales_", {"colour": 1.0}),
        ("label_textures_", np.empty((0, 0))),
        ("label_textures_", np.ones((2, 1))),
        ("color_sigma_", None),
        ("color_sigma_", "0.7"),
        ("color_sigma_", True),
        ("color_sigma_", 0),
        ("color_sigma_", 10.0),
        ("variance_left_", None),
        ("variance_left_", -0.1),
        ("variance_left_", 1.5),
    ],
)
def test_file_with_damaged_looks_is_refused(name, value, make_segmenter, X, tmp_path):
    model = make_segmenter().fit(X)
    model.texture_scales_ = {"contrast": 1.0}
    model.label_textures_ = np.ones((model.max_labels, 1))
    setattr(model, name, value)
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match=r"deviat|scales|textures|sigma|variance"):
        load_model(tmp_path / "model.safetensors")
