"""Configuration of the documentation: make docs builds it."""

import os
import sys
import warnings
from pathlib import Path

import sksegment

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

project = "sksegment"
author = "the sksegment developers"
copyright = author
version = release = sksegment.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "command_help",
    "links_out",
    "mathml",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
# Single backticks in docstrings name things of this package.
default_role = "autolink"
add_module_names = False

# Pages are Markdown, with anchors on their headings so that others can point at them.
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3

# numpydoc writes the members of a class; autosummary then need not.
autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
numpydoc_show_class_members = False
# Classes of others, whose methods are not repeated in ours.
autosummary_context = {
    "outsiders": ", ".join(
        ("BaseEstimator", "ClusterMixin", "TransformerMixin", "OneToOneFeatureMixin")
        + ("NeuralNet", "Module", "Exception", "BaseCrossValidator", "_Scorer")
    )
}
numpydoc_xref_param_type = False

# Examples run when the gallery is built, and again when they have changed;
# GALLERY=0 leaves the pictures out that need it.
sphinx_gallery_conf = {
    "examples_dirs": str(DOCS.parent / "examples"),
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "plot_gallery": os.environ.get("GALLERY", "1") != "0",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    # Its page of times loads scripts from elsewhere; the log has the times, too.
    "write_computation_times": False,
    "within_subsection_order": "FileNameSortKey",
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"sksegment {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages without a section of their own have nothing to list beside them.
_ALONE = ["quickstart", "which_method", "faq", "command_line", "benchmarks"]
html_sidebars = {f"guide/{name}": [] for name in _ALONE} | {
    path.stem: [] for path in DOCS.glob("*.md") if path.stem not in ("stacks", "napari")
}
html_copy_source = False

# Links elsewhere need a network: they are looked at by make linkcheck alone.
linkcheck_timeout = 20
linkcheck_retries = 2
