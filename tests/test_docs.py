"""The pages say what there is: every public name, and code that runs."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import sksegment

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE = (DOCS / "api" / "index.rst").read_text()
SECTIONS = dict(
    re.findall(
        r"currentmodule:: (\S+)\n(.*?)(?=\n\.\. currentmodule|\Z)", REFERENCE, re.S
    )
)
PAGES = sorted(DOCS.glob("guide/*.md"))
NEEDED = {"benchmarking", "baselines", "presets"}  # parts that others show


@pytest.mark.parametrize("module", SECTIONS)
def test_reference_lists_all_public_names(module):
    listed = re.findall(r"^   (\w+)$", SECTIONS[module], re.M)
    public = [name for name in import_module(module).__all__ if name != "__version__"]
    assert sorted(listed) == sorted(public)


def test_reference_has_all_public_modules():
    shown = {name.removeprefix("sksegment.") for name in SECTIONS} - {"sksegment"}
    assert shown == sksegment._MODULES - NEEDED


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_of_the_guide_is_python(page):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
    for block in blocks:
        compile(block, page.name, "exec")
        for module, names in re.findall(r"from (sksegment\S*) import ([\w, ]+)", block):
            for name in names.split(", "):
                assert hasattr(import_module(module), name)


def test_a_loss_of_ones_own_goes_to_the_history(make_image, make_segmenter):
    page = (DOCS / "guide" / "extending.md").read_text()
    (block,) = re.findall(r"```python\n(from sksegment.losses.*?)```", page, re.S)
    names = {"SparseWNetSegmenter": sksegment.SparseWNetSegmenter}
    exec(block, names)
    params = make_segmenter().get_params(deep=False)
    model = names["BalancedSegmenter"](**params).fit([make_image()])
    assert np.isfinite(model.history_[-1]["balance"])
