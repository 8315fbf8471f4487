"""A plugin for the viewer napari: train on a slice, label the others, look at them.

Nothing here is imported by the rest of the package. What is decided stands in
`_picture` (which pixels), `_learning` (training), `_labelling` (in which order) and
`_label_arrays` (which numbers), which know neither napari nor Qt. The other files
connect it with the viewer.
"""

__all__ = []
