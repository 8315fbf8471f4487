"""Training: batches, the skorch net, callbacks."""

from sksegment.training._callbacks import (
    FewLabels,
    FiniteLoss,
    LabelCount,
    Movement,
    ProgressBar,
)
from sksegment.training._data import (
    GraphImage,
    PixelImage,
    TrainingBatch,
    TrainingSet,
    grid_shape,
    to_grid,
)
from sksegment.training._device import (
    choose_device,
    choose_dtype,
    is_available,
    limit_threads,
)
from sksegment.training._initialise import initialise_labels, name_labels
from sksegment.training._interruption import (
    Checkpoint,
    LastEpoch,
    copy_state,
    ending_gently,
    twin_of,
)
from sksegment.training._moments import moments_of, restore_moments
from sksegment.training._net import SegmentationNet, history_table, make_net, train
from sksegment.training._preview import Preview
from sksegment.training._statistics import join_statistics, statistics_of
from sksegment.training._together import train_together
from sksegment.training._windows import LazyGrid, TensorGrid, window_logits

__all__ = [
    "Checkpoint",
    "FewLabels",
    "FiniteLoss",
    "GraphImage",
    "LabelCount",
    "LastEpoch",
    "LazyGrid",
    "Movement",
    "PixelImage",
    "Preview",
    "ProgressBar",
    "SegmentationNet",
    "TensorGrid",
    "TrainingBatch",
    "TrainingSet",
    "choose_device",
    "choose_dtype",
    "copy_state",
    "ending_gently",
    "grid_shape",
    "history_table",
    "initialise_labels",
    "is_available",
    "join_statistics",
    "limit_threads",
    "make_net",
    "moments_of",
    "name_labels",
    "restore_moments",
    "statistics_of",
    "to_grid",
    "train",
    "train_together",
    "twin_of",
    "window_logits",
]
