"""The axes of an array by the names of its dimensions: zarr, xarray, HDF5, ilastik."""

import json

__all__ = ["named_axes"]

_WORDS = {"time": "T", "channel": "C", "channels": "C"}
_LETTERS = frozenset("ZTYXCS")


def named_axes(array):
    """Letters of the axes, as far as the dimensions of an array are named so.

    Parameters
    ----------
    array : array-like
        Of zarr (``dimension_names``, or ``_ARRAY_DIMENSIONS`` of xarray), HDF5 (labels
        of dimensions, or ``axistags`` of ilastik), or with names in ``dims``.

    Returns
    -------
    axes : str or None
        None where any name is no letter or word for an axis, or two are the same.
    """
    for names in _names_of(array):
        letters = [*map(_letter, names)]
        if len(letters) == len(array.shape) == len({*letters} - {None}):
            return "".join(letters)
    return None


def _names_of(array):
    """What may be names of dimensions, the most exact first."""
    attributes = getattr(array, "attrs", {})
    yield _tagged(attributes.get("axistags"))
    yield attributes.get("_ARRAY_DIMENSIONS") or ()
    yield getattr(getattr(array, "metadata", None), "dimension_names", None) or ()
    dims = getattr(array, "dims", None)
    if _is_iterable(dims):
        # Those of HDF5 have a label each.
        yield [getattr(dim, "label", dim) for dim in dims]


def _is_iterable(value):
    return hasattr(value, "__iter__") and not isinstance(value, str)


def _tagged(text):
    """Keys of the axes in the JSON that ilastik and vigra write."""
    try:
        return [axis["key"] for axis in json.loads(text)["axes"]]
    # Whatever else it is says nothing of axes.
    except (TypeError, ValueError, KeyError):
        return ()


def _letter(name):
    word = str(name).strip().lower()
    letter = _WORDS.get(word, word.upper())
    return letter if letter in _LETTERS else None
