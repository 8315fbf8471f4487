"""What a made tomogram shows: packed grains, pores, clay, inclusions and cracks."""

import numpy as np
from scipy.spatial.transform import Rotation

__all__ = [
    "CLAY",
    "CRACK",
    "INCLUSION",
    "MATRIX",
    "PORE",
    "make_structure",
    "smooth_noise",
]

PORE, MATRIX, CLAY, INCLUSION, CRACK = range(5)


def make_structure(shape, sample, grain_size, cracks, rng):
    """Lay out a sample.

    Parameters
    ----------
    shape : tuple of (int, int, int)
    sample : object
        With the fractions ``porosity``, ``clay`` and ``inclusions``.
    grain_size : float
        Mean diameter of the grains in voxels.
    cracks : int
        Number of cracks.
    rng : numpy.random.Generator

    Returns
    -------
    labels : ndarray of shape (z, y, x), int32
    tones : ndarray of shape (z, y, x), float32
        A normal random number for each grain.
    """
    first, second, grain = _pack_grains(shape, grain_size, rng)
    tones = rng.standard_normal(grain.max() + 1, dtype=np.float32)[grain]
    # Far from the nearest grain there is a pore; a contact of two grains is opened a
    # little, so that pores are joined by throats.
    hollow = first
    hollow -= 0.25 * (second - first)
    hollow += 0.08 * smooth_noise(shape, grain_size / 5.0, rng)
    del second, grain

    labels = np.full(shape, MATRIX, np.int32)
    if sample.inclusions:
        ore = smooth_noise(shape, 0.3 * grain_size, rng)
        ore += 0.8 * smooth_noise(shape, 2.0 * grain_size, rng) + 2.0 * hollow
        labels[ore > _upper_quantile(ore, sample.inclusions)] = INCLUSION
        # What is taken is no longer hollow.
        hollow[labels == INCLUSION] = -np.inf
    if sample.porosity + sample.clay:
        void = hollow > _upper_quantile(hollow, sample.porosity + sample.clay)
        filling = smooth_noise(shape, grain_size, rng)[void]
        share = sample.clay / (sample.porosity + sample.clay)
        filled = filling > _upper_quantile(filling, share)
        labels[void] = np.where(filled, CLAY, PORE)
    for _ in range(cracks):
        labels[_crack(shape, rng) & (labels != PORE)] = CRACK
    return labels, tones


def _pack_grains(shape, grain_size, rng):
    """Distances to the nearest two grains, in radii of the grain, and the nearest one.

    Ellipsoids of several sizes on a shaken lattice, whose cells have the mean volume of
    a ball of this size. They are painted one by one, each in its own box.
    """
    spacing = grain_size * (np.pi / 6.0) ** (1.0 / 3.0)
    axes = [np.arange(-spacing, n + spacing, spacing) for n in shape]
    centers = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    # Without this shift every volume would begin with a plane of centres.
    centers += spacing * rng.uniform(0, 1, 3)
    centers += spacing * rng.uniform(-0.42, 0.42, centers.shape)
    n = len(centers)
    size = 0.5 * grain_size * np.exp(rng.normal(0, 0.22, (n, 1)))
    radii = size * np.exp(rng.normal(0, 0.18, (n, 3)))
    turn = Rotation.from_quat(rng.normal(size=(n, 4))).as_matrix()
    metrics = np.einsum("nik,nk,njk->nij", turn, radii**-2.0, turn)
    reach = 2.0
    extents = reach * np.sqrt(np.einsum("nik,nk->ni", turn**2, radii**2))

    first = np.full(shape, reach**2, np.float32)
    second = first.copy()
    grain = np.zeros(shape, np.int32)
    low = np.maximum(np.ceil(centers - extents), 0).astype(int)
    high = np.minimum(np.floor(centers + extents) + 1, shape).astype(int)
    for i in np.flatnonzero((low < high).all(axis=1)):
        box = tuple(map(slice, low[i], high[i]))
        distance = _squared_distance(box, centers[i], metrics[i])
        nearest = first[box]
        second[box] = np.minimum(second[box], np.maximum(nearest, distance))
        grain[box][distance < nearest] = i
        np.minimum(nearest, distance, out=nearest)
    return np.sqrt(first, out=first), np.sqrt(second, out=second), grain


def _squared_distance(box, center, metric):
    """Squared distance of the voxels of a box to a centre under a metric, (3, 3)."""
    offsets = [np.arange(s.start, s.stop) - c for s, c in zip(box, center, strict=True)]
    z, y, x = (o.astype(np.float32) for o in np.ix_(*offsets))
    m = metric.astype(np.float32)
    plane = m[0, 0] * z * z + m[1, 1] * y * y + 2 * m[0, 1] * z * y
    distance = (2 * m[0, 2] * z + 2 * m[1, 2] * y) * x
    distance += plane
    distance += m[2, 2] * x * x
    return distance


def smooth_noise(shape, length, rng):
    """Draw a Gaussian random field of mean 0 and deviation 1 that varies over a length.

    Bumps of this width with random heights, on a lattice: a product of three small
    matrices, which costs the same for every length.
    """
    length = max(length, 1.0)
    bases = [_bumps(n, length, rng) for n in shape]
    field = rng.standard_normal([base.shape[1] for base in bases], dtype=np.float32)
    for base in bases:
        # The axis that is summed over goes away in front and comes again at the end.
        field = np.tensordot(field, base, axes=(0, 1))
    return field


def _bumps(n, length, rng):
    knots = np.arange(-3, n / length + 4) - rng.uniform()
    base = np.exp(-0.5 * (np.arange(n)[:, np.newaxis] / length - knots) ** 2)
    return (base / np.linalg.norm(base, axis=1, keepdims=True)).astype(np.float32)


def _crack(shape, rng):
    """Tell where a crack is: a warped plane that is steep, as slices show it best."""
    angle, tilt = rng.uniform(0, np.pi), rng.normal(0, 0.3)
    normal = np.array([tilt, np.sin(angle), np.cos(angle)])
    along = np.array([0.0, np.cos(angle), -np.sin(angle)])
    through = np.asarray(shape) * rng.uniform(0.3, 0.7, 3)
    size = min(shape[1:])
    offsets = np.ix_(*(np.arange(n) - c for n, c in zip(shape, through, strict=True)))
    across = _dot(normal / np.linalg.norm(normal), offsets)
    across += 0.04 * size * smooth_noise(shape, size / 5.0, rng)
    across += 0.006 * size * smooth_noise(shape, size / 20.0, rng)
    width = 1.8 + 0.6 * smooth_noise(shape, size / 8.0, rng)
    # It gets thin towards its tip, and ends before it is thinner than a voxel.
    tip = size * rng.uniform(0.2, 0.6)
    width -= 2.0 * np.clip((_dot(along, offsets) - 0.8 * tip) / (0.2 * tip), 0, 1)
    width[width < 0.8] = -1.0
    return 2.0 * np.abs(across) <= np.minimum(width, 3.0)


def _dot(vector, offsets):
    """Dot product of a vector with the coordinates of all voxels."""
    terms = zip(vector, offsets, strict=True)
    return sum(np.float32(v) * o.astype(np.float32) for v, o in terms)


def _upper_quantile(values, fraction):
    """Value that a fraction of all values exceeds."""
    rank = round((1.0 - fraction) * values.size) - 1
    if rank < 0:
        return -np.inf
    return np.partition(values, rank, axis=None)[rank]
