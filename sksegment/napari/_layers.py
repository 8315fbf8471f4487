"""Layers of the viewer: an image comes in, labels go out."""

import numpy as np
import pint
from napari.utils.colormaps import CyclicLabelColormap, DirectLabelColormap

from sksegment.napari._picture import Picture, shown_cut
from sksegment.plotting import label_colors
from sksegment.stacks._encoding import void_of

__all__ = [
    "forget_strokes",
    "label_colormap",
    "look_at",
    "picture_of",
    "show_labels",
    "shown_cut_of",
]

# Labels lie on the image where the layer says where the image lies.
_PLACE = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


def picture_of(layer):
    """Make a picture of an image layer; of several scales the finest counts.

    Parameters
    ----------
    layer : napari.layers.Image

    Returns
    -------
    picture : Picture
    """
    array = layer.data[0] if layer.multiscale else layer.data
    return Picture.of(layer.name, array, rgb=layer.rgb, axis_labels=layer.axis_labels)


def shown_cut_of(viewer, layer, shape):
    """Tell which slice of a layer the viewer shows.

    Parameters
    ----------
    viewer : napari.Viewer
    layer : napari.layers.Image
    shape : tuple of int
        Of its picture.

    Returns
    -------
    cut : tuple of int or None
        See `shown_cut`.
    """
    point = np.array(viewer.dims.point[-layer.ndim :], float)
    point *= _size_of_units(viewer, layer)
    # As napari does where a layer is sheared or turned out of the plane.
    first = viewer.dims.ndim - layer.ndim
    point[[axis - first for axis in viewer.dims.order[-2:] if axis >= first]] = 0
    return shown_cut(layer.world_to_data(point), viewer.dims.order, shape)


def look_at(viewer, layer, cut):
    """Bring the viewer to a slice of a layer.

    Parameters
    ----------
    viewer : napari.Viewer
    layer : napari.layers.Image
    cut : tuple of int or None
    """
    world = layer.data_to_world([position or 0 for position in cut])
    point = world / _size_of_units(viewer, layer)
    first = viewer.dims.ndim - len(cut)
    for axis, position in enumerate(cut):
        if position is not None:
            viewer.dims.set_point(first + axis, point[axis])


def _size_of_units(viewer, layer):
    # The viewer has one unit an axis, and a layer may have another.
    units = viewer.dims.units or layer.units
    size = pint.get_application_registry().get_base_units
    pairs = zip(units[-layer.ndim :], layer.units, strict=True)
    return np.array([size(world)[0] / size(own)[0] for world, own in pairs])


def show_labels(viewer, image, labels, kind, layer=None):
    """Show labels on the image they belong to.

    Parameters
    ----------
    viewer : napari.Viewer
    image : napari.layers.Image
    labels : ndarray
        In the shape of the image, without channels.
    kind : str
        For the name of the layer.
    layer : napari.layers.Labels, optional
        Where labels of this kind were shown before.

    Returns
    -------
    layer : napari.layers.Labels
        The one given if it is still there, else a new one.
    """
    colormap = label_colormap(labels.dtype)
    if layer is not None and layer in viewer.layers:
        layer.data = labels
        layer.colormap = colormap
        return layer
    return viewer.add_labels(
        labels,
        name=f"{image.name} {kind}",
        colormap=colormap,
        opacity=0.5,
        **{name: getattr(image, name) for name in _PLACE},
    )


def forget_strokes(layer):
    """Let undo bring no label back from before others were written.

    Parameters
    ----------
    layer : napari.layers.Labels
    """
    # A layer that cannot be edited forgets what it has to undo, and leaves its tool.
    tool = layer.mode
    layer.editable = False
    layer.editable = True
    layer.mode = tool


def label_colormap(dtype):
    """Colours of labels as in the pictures of the package; void is transparent.

    Parameters
    ----------
    dtype : numpy.dtype
        Of the labels.

    Returns
    -------
    colormap : napari.utils.colormaps.LabelColormapBase
        Its background, which the eraser leaves, is void.
    """
    void = void_of(dtype)
    n_colors = 256 if np.dtype(dtype).itemsize > 1 else void
    colors = np.ones((n_colors, 4), np.float32)
    colors[:, :3] = label_colors(n_colors) / 255
    clear = np.zeros(4, np.float32)
    if n_colors == void:
        # A cyclic map of so few numbers would show the label 0 in another colour.
        named = {**dict(enumerate(colors)), void: clear, None: clear}
        return DirectLabelColormap(color_dict=named, background_value=void)
    # It counts from 1, and has the colour of the background first.
    colors = np.concatenate([[clear], np.roll(colors, -1, axis=0)])
    return CyclicLabelColormap(colors=colors, background_value=void)
