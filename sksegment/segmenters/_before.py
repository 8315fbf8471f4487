"""What a model knows of images that it does not see again."""

import hashlib

import numpy as np

from sksegment._textures import TEXTURES

__all__ = ["image_digests", "keep_labels_of_before"]


def image_digests(images):
    """Digests by which images are told apart: list of str."""
    return [_digest(image) for image in images]


def _digest(image):
    digest = hashlib.blake2b(f"{image.shape} {image.dtype.str}".encode(), digest_size=8)
    for row in image:
        digest.update(np.ascontiguousarray(row))
    return digest.hexdigest()


def keep_labels_of_before(estimator, before, weights):
    """Average what labels look like, and how much they cover, with that of before.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
        Its labels were just counted in new images.
    before : dict
        Its attributes before that.
    weights : tuple of float
        Of the images before and of the new ones.
    """
    areas = np.multiply(
        [before["label_fractions_"], estimator.label_fractions_],
        np.reshape(weights, (2, 1)),
    )
    estimator.label_fractions_ = areas.sum(axis=0) / sum(weights)
    colors = before["label_colors_"], estimator.label_colors_
    estimator.label_colors_ = _means(colors, areas[..., np.newaxis])
    if "label_textures_" in before:
        _keep_textures_of_before(estimator, before, areas)
    if before.get("color_deviation_") is not None:
        both = before["color_deviation_"], estimator.color_deviation_
        variance = np.average(np.square(both), axis=0, weights=weights)
        estimator.color_deviation_ = np.sqrt(variance)


def _means(both, areas):
    """Means of old and new looks by areas; the new ones where there is neither."""
    total = areas.sum(axis=0)
    sums = np.multiply(both, areas).sum(axis=0)
    return np.divide(sums, total, out=np.array(both[1], float), where=total > 0)


def _keep_textures_of_before(estimator, before, areas):
    """Let textures go on counting that divide no new image, but those of before."""
    old, new = _textures(before), _textures(vars(estimator))
    scales = before["texture_scales_"] | estimator.texture_scales_
    for name in old.keys() & new.keys():
        new[name] = _means((old[name], new[name]), areas)
    columns = {
        name: new.get(name, old.get(name)) for name in TEXTURES if name in scales
    }
    estimator.texture_scales_ = {name: scales[name] for name in columns}
    if columns:
        estimator.label_textures_ = np.stack([*columns.values()], axis=1)


def _textures(attributes):
    columns = attributes["label_textures_"].T
    return dict(zip(attributes["texture_scales_"], columns, strict=True))
