"""What a model knows of images that it does not see again."""

import hashlib

import numpy as np

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
    """Keep what labels look like that are in use, though no new image has them.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
        Its labels were just counted in new images.
    before : dict
        Its attributes before that.
    weights : tuple of float
        Of the images before and of the new ones.
    """
    old, new = before["label_fractions_"], estimator.label_fractions_
    unseen = (old > 0) & (new == 0)
    estimator.label_fractions_ = np.average([old, new], axis=0, weights=weights)
    estimator.label_colors_ = np.where(
        unseen[:, np.newaxis], before["label_colors_"], estimator.label_colors_
    )
    contrasts = before.get("label_contrasts_")
    if contrasts is None:
        return
    if estimator.label_contrasts_ is None:
        # Contrast divides no new image, but those of before.
        estimator.label_contrasts_ = contrasts
        estimator.contrast_scale_ = before["contrast_scale_"]
    else:
        kept = np.where(unseen, contrasts, estimator.label_contrasts_)
        estimator.label_contrasts_ = kept
