"""What of a fitted segmenter goes into its file, and back."""

import numpy as np
import torch

from sksegment._looks import SIGMA
from sksegment._model_file import (
    check_class,
    decode,
    encode,
    read_file,
    write_file,
)
from sksegment._textures import TEXTURES
from sksegment.fitting import check_net, net_size
from sksegment.nn import WNet
from sksegment.training import (
    history_table,
    is_available,
    moments_of,
    restore_moments,
)

__all__ = ["check_parameters", "restore_segmenter", "save_segmenter"]

# Wider windows than any model has would reach beyond the rims of parts.
_MOST_SIGMA = 2.0
_SCALARS = ("n_channels_in_", "n_iter_", "loss_")
# Attributes and their names in a file.
_ARRAYS = {
    "intensity_range_": "fitted/intensity_range",
    "label_colors_": "fitted/label_colors",
    "label_fractions_": "fitted/label_fractions",
}
# Those that may be None, or that the dense estimator has not.
_OPTIONAL_ARRAYS = {
    "cluster_centers_": "fitted/centers",
    "color_deviation_": "fitted/color_deviation",
    "label_textures_": "fitted/label_textures",
    "label_groups_": "fitted/label_groups",
}


def save_segmenter(estimator, path):
    """Save a fitted estimator to one file.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    path : str or path-like

    Raises
    ------
    ValueError
        If a parameter was changed since the fit such that the file would not be read.
    """
    check_net(estimator)
    estimator._validate_params()
    estimator._check_superpixels()
    tensors = {}
    superpixels = getattr(estimator, "superpixels_", None)
    if superpixels is not None:
        superpixels._validate_params()
    header = {
        "class": type(estimator).__name__,
        "params": _encoded(estimator, tensors),
        "superpixels": encode(superpixels, "superpixels", tensors),
        "fitted": {
            **{name: getattr(estimator, name) for name in _SCALARS},
            "image_digests": estimator._image_digests,
            "history": _rows(estimator.net_.history),
            "class_names": estimator._unmerged_class_names,
            "color_sigma": getattr(estimator, "color_sigma_", None),
            "believes_hints": getattr(estimator, "believes_hints_", False),
            "variance_left": getattr(estimator, "variance_left_", 1.0),
            "texture_scales": getattr(estimator, "texture_scales_", {}),
            "n_hinted_classes": estimator._n_hinted_classes,
            "interrupted": estimator.interrupted_,
            "n_images": len(estimator.labels_),
            "rgb": bool(estimator.rgb_),
            "stacked": not isinstance(estimator.labels_, list),
        },
    }
    for name, value in estimator.net_.module_.state_dict().items():
        tensors[f"net/{name}"] = value
    for name, value in moments_of(estimator.net_).items():
        tensors[f"adam/{name}"] = value
    for name, key in (_ARRAYS | _OPTIONAL_ARRAYS).items():
        array = getattr(estimator, name, None)
        if array is not None and array.size:
            tensors[key] = torch.from_numpy(array)
    _check_assignment(estimator, tensors)
    for index, labels in enumerate(estimator.unmerged_labels_):
        tensors[f"labels/{index}"] = torch.from_numpy(labels)
    if estimator._labels_are_cut:
        for index, regions in enumerate(estimator.labels_):
            tensors[f"regions/{index}"] = torch.from_numpy(regions)
    write_file(path, header, tensors)


def check_parameters(estimator):
    """Refuse parameters that a file cannot hold, such as functions.

    Raises
    ------
    ValueError
        It names the parameter.
    """
    _encoded(estimator, {})


def _encoded(estimator, tensors):
    check_class(type(estimator))
    params = estimator.get_params(deep=False)
    return {name: encode(value, name, tensors) for name, value in params.items()}


def restore_segmenter(path, classes, device):
    """Make the estimator of a file.

    Parameters
    ----------
    path : str or path-like
    classes : dict of str to class
        Estimators that may be made.
    device : str or None
        Where it shall compute; None is as saved, or "auto" where there is no such
        device.

    Returns
    -------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter

    Raises
    ------
    ArithmeticError, KeyError, RuntimeError, TypeError, ValueError
        If header and tensors do not fit together.
    """
    header, tensors = read_file(path)
    params = {k: decode(v, classes, tensors) for k, v in header["params"].items()}
    estimator = classes[header["class"]](**params)
    estimator._validate_params()
    if device is not None or not is_available(estimator.device):
        estimator.set_params(device=device or "auto")
    fitted = header["fitted"]
    for name in _SCALARS:
        setattr(estimator, name, fitted[name])
    _check_arrays(estimator, tensors)
    for name, key in _ARRAYS.items():
        setattr(estimator, name, tensors[key].numpy())
    estimator.label_groups_ = _optional(tensors, "fitted/label_groups")
    estimator.rgb_ = fitted["rgb"]
    estimator.grid_ = estimator._grid
    # The earliest files have none of these, and no moments.
    estimator.interrupted_ = bool(fitted.get("interrupted", False))
    names = fitted.get("class_names")
    estimator._n_hinted_classes = int(fitted.get("n_hinted_classes", len(names or ())))
    estimator._unmerged_class_names = None if names is None else [*map(str, names)]
    estimator._image_digests = [*map(str, fitted.get("image_digests", [""]))]
    if estimator._has_superpixels:
        superpixels = _superpixels(header, tensors, classes, estimator)
        estimator._keep_superpixels(superpixels)
        estimator.cluster_centers_ = _optional(tensors, "fitted/centers")
        estimator.color_deviation_ = _optional(tensors, "fitted/color_deviation")
        estimator.color_sigma_ = _sigma(fitted, estimator.color_deviation_)
        estimator.believes_hints_ = bool(fitted.get("believes_hints", False))
        estimator.variance_left_ = _variance_left(fitted)
        _restore_textures(estimator, tensors, fitted)
    weights = _under("net/", tensors)
    _check_weights(estimator, weights)
    estimator.net_ = estimator._new_net(estimator.n_channels_in_, seed=0)
    estimator.net_.module_.load_state_dict(weights)
    restore_moments(estimator.net_, _under("adam/", tensors))
    estimator.net_.history.extend(fitted["history"])
    estimator.history_ = history_table(estimator.net_)
    kinds = ["labels", "regions"] if "regions/0" in tensors else ["labels"]
    estimator._set_labels(*(_maps(kind, tensors, fitted) for kind in kinds))
    return estimator


def _maps(kind, tensors, fitted):
    """Label maps of the training images, in the form of these images."""
    maps = [tensors[f"{kind}/{i}"].numpy() for i in range(fitted["n_images"])]
    return np.stack(maps) if fitted["stacked"] else maps


def _superpixels(header, tensors, classes, estimator):
    superpixels = decode(header["superpixels"], classes, tensors)
    superpixels._validate_params()
    superpixels.intensity_range_ = estimator.intensity_range_
    superpixels.n_channels_in_ = estimator.n_channels_in_
    superpixels.rgb_ = estimator.rgb_
    return superpixels


def _check_arrays(estimator, tensors):
    """Refuse arrays that are not those of so many labels and channels."""
    n_labels, n_channels = estimator.max_labels, estimator.n_channels_in_
    shapes = {
        "fitted/intensity_range": (2, n_channels),
        "fitted/label_colors": (n_labels, n_channels),
        "fitted/color_deviation": (n_channels,),
        "fitted/label_fractions": (n_labels,),
        "fitted/label_groups": (n_labels,),
        "fitted/centers": (n_labels, n_labels),
    }
    for name, expected in shapes.items():
        found = tensors[name].shape if name in tensors else expected
        if tuple(found) != expected:
            raise ValueError(f"{name} has shape {tuple(found)}, not {expected}")
    for name, tensor in tensors.items():
        if name.startswith("fitted/"):
            _check_numbers(name, tensor)
    fractions = tensors["fitted/label_fractions"]
    if not 0 <= fractions.min() <= fractions.max() <= 1 or not fractions.any():
        raise ValueError("fitted/label_fractions are no shares of the pixels")
    _check_assignment(estimator, tensors)
    deviation = tensors.get("fitted/color_deviation")
    if deviation is not None and not (0 < deviation.min() <= deviation.max() < np.inf):
        raise ValueError("fitted/color_deviation must be positive")
    groups = tensors.get("fitted/label_groups")
    if groups is not None and not 0 <= groups.min() <= groups.max() < n_labels:
        raise ValueError(f"fitted/label_groups must be from 0 to {n_labels - 1}")


def _check_numbers(name, tensor):
    """Refuse an array of which an answer would be NaN."""
    # Labels are found in float32, but for the range, which is in units of the images.
    dtype = torch.float64 if name == "fitted/intensity_range" else torch.float32
    if tensor.is_complex() or not torch.isfinite(tensor.to(dtype)).all():
        raise ValueError(f"{name} is not of finite numbers")


def _check_assignment(estimator, tensors):
    """Refuse labels by looks where none were learnt, and by clusters without any."""
    looks = "fitted/color_deviation"
    needed = {"pixel": looks, "region": looks, "kmeans": "fitted/centers"}
    assignment = getattr(estimator, "assignment", None)
    name = needed.get(assignment)
    if name is not None and name not in tensors:
        raise ValueError(
            f"assignment={assignment!r} needs {name}, which this model has not: it was "
            "set after the fit; set it back, or fit again"
        )


def _sigma(fitted, deviation):
    """Width of windows of colours; early files have one for all."""
    sigma = fitted.get("color_sigma", SIGMA)
    if sigma is None and deviation is None:
        return None
    is_number = isinstance(sigma, int | float) and not isinstance(sigma, bool)
    if not is_number or not 0 < sigma <= _MOST_SIGMA:
        raise ValueError(f"color_sigma is {sigma!r}, not from 0 to {_MOST_SIGMA}")
    return float(sigma)


def _variance_left(fitted):
    """Part of the variance of colours that is left; early files do not know it."""
    left = fitted.get("variance_left", 1.0)
    is_number = isinstance(left, int | float) and not isinstance(left, bool)
    if not is_number or not 0 <= left <= 1:
        raise ValueError(f"variance_left is {left!r}, not from 0 to 1")
    return float(left)


def _restore_textures(estimator, tensors, fitted):
    """Read the textures of the labels; early files have none, or contrast alone."""
    scales = fitted.get("texture_scales", {})
    textures = _optional(tensors, "fitted/label_textures")
    contrasts = _optional(tensors, "fitted/label_contrasts")
    if contrasts is not None:
        scales, textures = {"contrast": fitted["contrast_scale"]}, contrasts[:, None]
    if textures is None:
        textures = np.empty((estimator.max_labels, 0))
    if textures.shape != (estimator.max_labels, len(scales)):
        raise ValueError(
            f"fitted/label_textures has shape {textures.shape}, not "
            f"{(estimator.max_labels, len(scales))}"
        )
    if scales.keys() - TEXTURES.keys():
        raise ValueError(f"texture_scales has unknown textures: {', '.join(scales)}")
    if not all(0 < float(scale) < np.inf for scale in scales.values()):
        raise ValueError("texture_scales must be positive")
    estimator.label_textures_, estimator.texture_scales_ = textures, dict(scales)


def _check_weights(estimator, weights):
    """Refuse weights of another net before there is memory for the one of the header.

    A header may ask for a net of any size.
    """
    with torch.device("meta"):
        net = WNet(**net_size(estimator, estimator.n_channels_in_))
    expected = {name: value.shape for name, value in net.state_dict().items()}
    if {name: value.shape for name, value in weights.items()} != expected:
        raise ValueError("its weights are not those of the net that its header names")
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise ValueError("its weights are not finite")


def _rows(history):
    """Rows of a history without its batches, as JSON can hold them."""
    return [
        {
            name: value.item() if hasattr(value, "item") else value
            for name, value in row.items()
            if name != "batches"
        }
        for row in history
    ]


def _optional(tensors, name):
    return tensors[name].numpy() if name in tensors else None


def _under(prefix, tensors):
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
