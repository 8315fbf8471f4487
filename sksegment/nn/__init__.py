"""The network: two U-Nets that meet in K soft labels."""

from sksegment.nn._softmax import channel_softmax
from sksegment.nn._softmax_pooling import SoftmaxPooling
from sksegment.nn._sparse import SparseOperator
from sksegment.nn._unet import UNet
from sksegment.nn._window import WindowOperator, overlap
from sksegment.nn._wnet import WNet, build_wnet

__all__ = [
    "SoftmaxPooling",
    "SparseOperator",
    "UNet",
    "WNet",
    "WindowOperator",
    "build_wnet",
    "channel_softmax",
    "overlap",
]
