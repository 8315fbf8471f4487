"""Training: batches, the skorch net, callbacks."""

from sksegment.training._callbacks import (
    FiniteLoss,
    LabelCount,
    ProgressBar,
    StableLabels,
)
from sksegment.training._data import TrainingBatch, TrainingSet, WholeImage, to_grid
from sksegment.training._device import (
    choose_device,
    choose_dtype,
    is_available,
    limit_threads,
)
from sksegment.training._initialise import initialise_labels
from sksegment.training._net import SegmentationNet, history_table, make_net, train

__all__ = [
    "FiniteLoss",
    "LabelCount",
    "ProgressBar",
    "SegmentationNet",
    "StableLabels",
    "TrainingBatch",
    "TrainingSet",
    "WholeImage",
    "choose_device",
    "choose_dtype",
    "history_table",
    "initialise_labels",
    "is_available",
    "limit_threads",
    "make_net",
    "to_grid",
    "train",
]
