"""Units of length, and how a TIFF states the size of a voxel in them."""

__all__ = ["METRES", "OME_UNITS", "ome_sizes", "resolution_tags"]

METRES = {
    "pm": 1e-12,
    "Å": 1e-10,
    "nm": 1e-9,
    "um": 1e-6,
    "mm": 1e-3,
    "cm": 1e-2,
    "m": 1.0,
    "inch": 0.0254,
}
# Of a micrometre there are two signs, which look the same.
_MICROMETRES = ("um", "\u00b5m", "\u03bcm")
OME_UNITS = (
    {unit: unit for unit in METRES}
    | dict.fromkeys(_MICROMETRES, "\u00b5m")
    | {"inch": "in"}
)
# What the numbers of a tag hold.
_RESOLUTIONS = (1e-3, 4e9)


def ome_sizes(spacing, unit):
    """Metadata with which tifffile writes sizes of voxels into an OME-TIFF.

    Parameters
    ----------
    spacing : dict of str to float
        Along Z, Y and X, where known.
    unit : str or None
        None where it is no physical one.

    Returns
    -------
    metadata : dict
    """
    unit = OME_UNITS.get(unit, "reference frame")
    metadata = {}
    for axis, size in spacing.items():
        metadata |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": unit}
    return metadata


def resolution_tags(spacing, unit):
    """Options with which tifffile writes the size of a pixel into the tags of a TIFF.

    Programs that read no OME, such as ImageJ by itself, look there.

    Parameters
    ----------
    spacing : dict of str to float
        Along Z, Y and X, where known.
    unit : str or None

    Returns
    -------
    options : dict
        Empty where the size is not known, or none that the tags hold.
    """
    unit = "um" if unit in _MICROMETRES else unit
    if unit not in METRES or not {"X", "Y"} <= {*spacing}:
        return {}
    per_cm = [0.01 / (spacing[axis] * METRES[unit]) for axis in "XY"]
    low, high = _RESOLUTIONS
    if not all(low < resolution < high for resolution in per_cm):
        return {}
    return {"resolution": tuple(per_cm), "resolutionunit": "CENTIMETER"}
