"""What a model knows of images that it does not see again."""

import hashlib
from dataclasses import replace

import numpy as np

from sksegment._textures import TEXTURES

__all__ = ["image_digests", "mean_state"]


def image_digests(images):
    """Digests by which images are told apart: list of str."""
    return [_digest(image) for image in images]


def _digest(image):
    digest = hashlib.blake2b(f"{image.shape} {image.dtype.str}".encode(), digest_size=8)
    for row in image:
        digest.update(np.ascontiguousarray(row))
    return digest.hexdigest()


def mean_state(before, now, weights):
    """Average two `LabelState`, of images before and of new ones, by their numbers."""
    areas = np.multiply([before.fractions, now.fractions], np.reshape(weights, (2, 1)))
    state = replace(
        now,
        fractions=areas.sum(axis=0) / sum(weights),
        colors=_means((before.colors, now.colors), areas[..., np.newaxis]),
    )
    if before.deviation is not None and now.deviation is None:
        # Superpixels have labels from now on, and looks are not known any more.
        return state
    if before.deviation is not None:
        both = np.square([before.deviation, now.deviation])
        deviation = np.sqrt(np.average(both, axis=0, weights=weights))
        both = before.variance_left, now.variance_left
        left = float(np.average(both, weights=weights))
        state = replace(state, deviation=deviation, variance_left=left)
    return _with_textures(state, before, areas)


def _means(both, areas):
    """Means of old and new looks by areas; the new ones where there is neither."""
    total = areas.sum(axis=0)
    sums = np.multiply(both, areas).sum(axis=0)
    return np.divide(sums, total, out=np.array(both[1], float), where=total > 0)


def _with_textures(now, before, areas):
    """Let textures go on counting that divide no new image, but those of before."""
    scales = before.scales | now.scales
    if not scales:
        return now
    old, new = map(_columns, (before, now))
    for name in old.keys() & new.keys():
        new[name] = _means((old[name], new[name]), areas)
    columns = {
        name: new.get(name, old.get(name)) for name in TEXTURES if name in scales
    }
    scales = {name: scales[name] for name in columns}
    return replace(now, scales=scales, textures=np.stack([*columns.values()], axis=1))


def _columns(state):
    return dict(zip(state.scales, state.textures.T, strict=True))
