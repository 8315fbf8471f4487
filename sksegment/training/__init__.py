"""Training: batches, the skorch net, callbacks."""

from sksegment.training._callbacks import (
    FewLabels,
    FiniteLoss,
    LabelCount,
    ProgressBar,
)
from sksegment.training._data import (
    GraphImage,
    PixelImage,
    TrainingBatch,
    TrainingSet,
    to_grid,
)
from sksegment.training._device import (
    choose_device,
    choose_dtype,
    is_available,
    limit_threads,
)
from sksegment.training._initialise import initialise_labels
from sksegment.training._net import SegmentationNet, history_table, make_net, train
from sksegment.training._together import train_together

__all__ = [
    "FewLabels",
    "FiniteLoss",
    "GraphImage",
    "LabelCount",
    "PixelImage",
    "ProgressBar",
    "SegmentationNet",
    "TrainingBatch",
    "TrainingSet",
    "choose_device",
    "choose_dtype",
    "history_table",
    "initialise_labels",
    "is_available",
    "limit_threads",
    "make_net",
    "to_grid",
    "train",
    "train_together",
]
