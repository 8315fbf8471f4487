"""Digests by which a later run knows a model, and an input in memory, again."""

import copyreg
import functools
import hashlib
import sys
import types
from pathlib import Path

import numpy as np

__all__ = ["content_digest", "model_digest"]

# They say how a model was made or where it runs, not what it answers.
_IRRELEVANT = frozenset(
    {"device", "history_", "labels_", "loss_", "n_iter_", "n_jobs", "random_state"}
    | {"verbose", "superpixel_params_"}
)
_CONSTANTS = (bool, int, float, complex, str, bytes, tuple, np.ndarray)


def model_digest(model):
    """Digest of all that the labels of a fitted model depend on.

    Parameters
    ----------
    model : estimator
        Parameters, fitted attributes and the weights of a net count, labels of the
        training images and the history do not. Of functions, and of classes whose
        instances are used as such, the code counts, and, unless they are of a library,
        what they find in their module.

    Returns
    -------
    digest : str
    """
    return _hexdigest(_parts(model, set()))


def content_digest(stack):
    """Digest of the values of a stack that no file is known of.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    digest : str
        Of all slices in memory; else of the first, the middle and the last one, since
        to compute or to fetch them all may take as long as to label them.
    """
    indices = range(len(stack))
    if not stack._source.in_memory:
        indices = sorted({0, len(stack) // 2, len(stack) - 1})
    slices = (_slice_or_none(stack, index) for index in indices)
    return _hexdigest(part for one in slices for part in _parts(one, set()))


def _slice_or_none(stack, index):
    try:
        return stack[index]
    except ValueError:
        return None


def _hexdigest(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()


def _parts(value, seen):
    """Bytes that differ where values do, the same in every process.

    ``seen`` has the ids of functions and classes that were met, and of the objects
    that the value is in: none is gone into again.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        yield repr(value).encode()
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif id(value) in seen:
        yield _name(value)
    elif isinstance(value, (types.FunctionType, type)):
        seen.add(id(value))
        yield _name(value)
        parts = _parts_of_class if isinstance(value, type) else _parts_of_function
        yield from parts(value, seen)
    else:
        seen.add(id(value))
        yield from _parts_of_object(value, seen)
        seen.remove(id(value))


def _parts_of_object(value, seen):
    if isinstance(value, (list, tuple, np.ndarray)):
        yield f"{len(value)} items".encode()
        for item in value:
            yield from _parts(item, seen)
    elif isinstance(value, (set, frozenset)):
        yield f"{len(value)} items".encode()
        yield from sorted(_hexdigest(_parts(item, seen)).encode() for item in value)
    elif isinstance(value, dict):
        for name in sorted(value, key=str):
            yield str(name).encode()
            yield from _parts(value[name], seen)
    elif isinstance(value, types.CodeType):
        yield value.co_code
        yield from _parts([value.co_names, value.co_consts], seen)
    else:
        yield _name(value)
        yield from _parts(_content(value), seen)


def _content(value):
    """What is in an object, as a value of another kind."""
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__, type(value.__self__)]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, types.ModuleType):
        return None
    if hasattr(value, "module_"):
        # Of a skorch net nothing else counts when it predicts.
        return dict(value.module_.state_dict())
    is_plain = callable(value) or type(value).__reduce__ is object.__reduce__
    if is_plain and hasattr(value, "__dict__"):
        state = {k: v for k, v in vars(value).items() if k not in _IRRELEVANT}
        # An estimator whose code has been mended may go on.
        return [type(value), state] if callable(value) else state
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        return [*(reduce(value) if reduce else value.__reduce_ex__(2))]
    # What cannot be pickled, such as a lock, says so in many ways.
    except Exception:
        return None


def _parts_of_function(function, seen):
    yield from _parts(function.__code__, seen)
    defaults = function.__defaults__, function.__kwdefaults__
    cells = [*map(_cell_content, function.__closure__ or ())]
    yield from _parts([defaults, cells, _globals_of(function)], seen)


def _cell_content(cell):
    try:
        return cell.cell_contents
    # Nothing is in it yet.
    except ValueError:
        return None


def _globals_of(function):
    """What a function finds in its module, unless a version tells that."""
    if _is_installed(function):
        return {}
    found = function.__globals__
    return {name: found[name] for name in _names_in(function.__code__) if name in found}


def _names_in(code):
    names = {*code.co_names}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_in(constant)
    return names


def _parts_of_class(class_, seen):
    """Methods and constants of a class and its bases, unless a version tells them."""
    for base in class_.__mro__:
        if not _is_installed(base):
            found = {name: _unwrapped(value) for name, value in vars(base).items()}
            yield from _parts(
                {name: each for name, each in found.items() if _counts(name, each)},
                seen,
            )


def _unwrapped(attribute):
    if isinstance(attribute, property):
        return attribute.fget
    return getattr(attribute, "__func__", attribute)


def _counts(name, attribute):
    if isinstance(attribute, types.FunctionType):
        return True
    return isinstance(attribute, _CONSTANTS) and not name.startswith("__")


def _is_installed(value):
    """Whether a function or a class is of this package, of Python or of a library."""
    module = getattr(value, "__module__", None) or ""
    root = module.partition(".")[0]
    if root == "sksegment" or root in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


def _name(value):
    if isinstance(value, types.ModuleType):
        return value.__name__.encode()
    if not callable(value):
        value = type(value)
    module = getattr(value, "__module__", "")
    return f"{module}.{getattr(value, '__qualname__', type(value))}".encode()
