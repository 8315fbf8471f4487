"""Digests by which a later run knows a model, and an input in memory, again."""

import functools
import hashlib

import joblib
import numpy as np

__all__ = ["content_digest", "model_digest"]

# They say how a model was made or where it runs, not what it answers.
_IRRELEVANT = frozenset(
    {"device", "history_", "labels_", "loss_", "n_iter_", "n_jobs", "random_state"}
    | {"verbose"}
)


def model_digest(model):
    """Digest of all that the labels of a fitted model depend on.

    Parameters
    ----------
    model : estimator
        Parameters, fitted attributes and the weights of a net count, labels of the
        training images and the history do not.

    Returns
    -------
    digest : str
    """
    return _hexdigest(_parts(model))


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
    return _hexdigest(
        part for index in indices for part in _parts(_slice_or_none(stack, index))
    )


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


def _parts(value):
    """Bytes that differ where values do, the same in every process."""
    if isinstance(value, np.generic):
        value = value.item()
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        yield repr(value).encode()
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, (list, tuple, np.ndarray)):
        yield f"{len(value)} items".encode()
        for item in value:
            yield from _parts(item)
    elif isinstance(value, dict):
        for name in sorted(value, key=str):
            yield str(name).encode()
            yield from _parts(value[name])
    else:
        yield from _parts_of_object(value)


def _parts_of_object(value):
    yield _qualified_name(value if callable(value) else type(value))
    if hasattr(value, "__code__"):
        yield from _parts_of_function(value)
    elif isinstance(value, functools.partial):
        yield from _parts([value.func, value.args, value.keywords])
    elif hasattr(value, "module_"):
        # Of a skorch net nothing else counts when it predicts.
        yield from _parts(dict(value.module_.state_dict()))
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        relevant = {k: v for k, v in vars(value).items() if k not in _IRRELEVANT}
        yield from _parts(relevant)
    elif not callable(value):
        yield joblib.hash(value).encode()


def _parts_of_function(function):
    code = function.__code__
    constants = [c for c in code.co_consts if not hasattr(c, "co_code")]
    yield code.co_code + repr([constants, code.co_names]).encode()
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    yield from _parts([function.__defaults__, cells])


def _qualified_name(value):
    module = getattr(value, "__module__", "")
    return f"{module}.{getattr(value, '__qualname__', type(value))}".encode()
