"""Ground truth that a score is given, and scores of all images."""

import numpy as np

from sksegment._validation import check_label_maps
from sksegment.metrics import v_measure

__all__ = ["check_is_given", "check_truth", "mean_v_measure_of", "of_each_image"]


def check_is_given(y, who):
    """Refuse missing ground truth, which ``who`` needs."""
    if y is None:
        raise ValueError(
            f"y is None: {who} compares the prediction with ground truth; pass y with "
            "one label map for every image, (H, W), or (A, H, W) of A annotators, or "
            "take one of LABEL_FREE_SCORERS"
        )


def check_truth(X, y, who):
    """Refuse missing ground truth, and too little or too much; ``who`` needs it."""
    check_is_given(y, who)
    if len(y) != len(X):
        raise ValueError(
            f"y has {len(y)} ground truths for {len(X)} images; of a single image "
            "pass [image] and [truth]"
        )


def mean_v_measure_of(y_true, y_pred):
    """Mean V-measure over the images, without the cost of the other scores."""
    return float(np.mean(of_each_image(v_measure, y_true, y_pred)))


def of_each_image(function, y_true, y_pred):
    """What a function says of every ground truth and prediction, as a list."""
    truths = check_label_maps(y_true, [np.shape(labels) for labels in y_pred])
    answers = []
    for index, pair in enumerate(zip(truths, y_pred, strict=True)):
        try:
            answers.append(function(*pair))
        except ValueError as error:
            raise ValueError(f"ground truth {index}: {error}") from error
    return answers
