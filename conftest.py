"""What pytest cannot look into for doctests where an extra is missing."""

import importlib.util

# As modules all files of this kind have one name.
collect_ignore_glob = ["*conftest.py"]
if importlib.util.find_spec("napari") is None:
    collect_ignore_glob.append("sksegment/napari/*")
