"""Programs that check types find the types of what is public."""

import ast
import inspect
from importlib import import_module
from importlib.resources import files

import pytest

import sksegment

MODULES = ["datasets", "io", "metrics", "model_selection", "plotting"]
MODULES += ["postprocessing", "preprocessing", "report", "stacks"]
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


@pytest.mark.parametrize("module", ["plotting", "preprocessing", "postprocessing"])
def test_methods_of_public_classes_have_types(module):
    public = import_module(f"sksegment.{module}")
    classes = [getattr(public, n) for n in public.__all__]
    methods = [
        method
        for class_ in filter(inspect.isclass, classes)
        for name, method in inspect.getmembers(class_, inspect.isroutine)
        if name in {"__init__", "fit", "transform", "plot", "to_csv"}
        or name.startswith("from_")
    ]
    assert methods
    for method in methods:
        signature = inspect.signature(method)
        typed = [
            p for p in signature.parameters.values() if p.name not in ("self", "args")
        ]
        assert all(p.annotation is not p.empty for p in typed), method
        assert signature.return_annotation is not signature.empty, method
