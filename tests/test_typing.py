"""Programs that check types find the types of what is public."""

import ast
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.resources import files

import pytest

import sksegment

MODULES = ["datasets", "hierarchy", "io", "losses", "memory", "metrics"]
MODULES += ["model_selection", "plotting", "postprocessing", "preprocessing"]
MODULES += ["regions", "report", "stacks", "superpixels"]
CLASSES = ["baselines", "hierarchy", "losses", "model_selection", "plotting"]
CLASSES += ["patches", "postprocessing", "preprocessing", "regions", "superpixels"]
FUNCTIONS = [
    (module, name)
    for module in MODULES
    for name in import_module(f"sksegment.{module}").__all__
    if inspect.isfunction(getattr(import_module(f"sksegment.{module}"), name))
]
METHODS = ["fit", "predict", "predict_proba", "transform", "score", "hierarchy", "save"]


def names_for_type_checkers(module):
    tree = ast.parse(inspect.getsource(module))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {(node.module, alias.name) for node in imports for alias in node.names}


def test_the_package_says_that_it_has_types():
    assert (files("sksegment") / "py.typed").is_file()


@pytest.mark.parametrize("name", ["sksegment", "sksegment.stacks"])
def test_type_checkers_see_what_is_looked_up_late(name):
    module = import_module(name)
    seen = names_for_type_checkers(module)
    assert {name for _, name in seen} == set(module._HOMES)
    for home, late in seen:
        assert getattr(import_module(home), late) is getattr(module, late)


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_public_functions_have_types(module, name):
    function = getattr(import_module(f"sksegment.{module}"), name)
    signature = inspect.signature(function)
    untyped = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
    assert not untyped
    assert signature.return_annotation is not signature.empty


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", ["Sparse", "Dense"])
def test_methods_of_the_estimators_have_types(kind, name):
    method = getattr(getattr(sksegment, f"{kind}WNetSegmenter"), name)
    signature = inspect.signature(method)
    _, first, *_ = signature.parameters.values()
    assert first.annotation is not first.empty
    assert signature.return_annotation is not signature.empty


def methods_of(class_):
    """The class's own public methods, and how it is made."""
    found = inspect.getmembers(class_, inspect.isroutine)
    return [
        method
        for name, method in found
        if (not name.startswith("_") or name == "__init__")
        and getattr(method, "__module__", "").startswith("sksegment")
    ]


@pytest.mark.parametrize("module", CLASSES)
def test_methods_of_public_classes_have_types(module):
    public = import_module(f"sksegment.{module}")
    classes = filter(inspect.isclass, (getattr(public, n) for n in public.__all__))
    methods = [method for class_ in classes for method in methods_of(class_)]
    assert methods
    for method in methods:
        signature = inspect.signature(method)
        typed = [
            p for p in signature.parameters.values() if p.name not in ("self", "args")
        ]
        assert all(p.annotation is not p.empty for p in typed), method
        assert signature.return_annotation is not signature.empty, method


PROGRAM = """
import numpy as np
from sksegment import FelzenszwalbSegmenter, KMeansPixelSegmenter
from sksegment import KMeansSuperpixelSegmenter, SpectralSuperpixelSegmenter
from sksegment import DenseWNetSegmenter, SparseWNetSegmenter, SuperpixelTransformer
from sksegment.hierarchy import region_hierarchy

photo = np.zeros((32, 32))
FelzenszwalbSegmenter().fit([photo]).predict([photo])[0].shape
KMeansPixelSegmenter(4).fit([photo]).predict([photo])[0].shape
KMeansSuperpixelSegmenter(4).fit([photo]).predict([photo])[0].shape
SpectralSuperpixelSegmenter(4).fit([photo]).predict([photo])[0].shape
superpixels = SuperpixelTransformer("watershed", "auto").fit([photo]).transform([photo])
region_hierarchy(photo, superpixels[0]).cut(n_regions=2).shape
DenseWNetSegmenter(random_state=0).fit([photo]).predict([photo])[0].shape
model = SparseWNetSegmenter(4, random_state=0)
reveal_type(model.fit([photo]))
reveal_type(model.hierarchy([photo])[0].cut("auto"))
reveal_type(SuperpixelTransformer().fit([photo]))
KMeansPixelSegmenter(n_clusters="four")
"""


@pytest.mark.slow
def test_a_program_is_checked_strictly_against_the_types(tmp_path):
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    options = ["--strict", "--ignore-missing-imports", "--cache-dir", tmp_path]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(files("sksegment").parent)},
    )
    errors = [line for line in done.stdout.split("\n") if "error:" in line]
    assert len(errors) == 1, done.stdout
    assert "[arg-type]" in errors[0]
    revealed = re.findall(r'Revealed type is "([\w.]*)', done.stdout)
    assert [name.rpartition(".")[2] for name in revealed] == [
        "SparseWNetSegmenter",
        "ndarray",
        "SuperpixelTransformer",
    ]
