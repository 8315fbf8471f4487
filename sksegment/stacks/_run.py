"""A run over a stack: label what is left, keep it in a journal, write the output."""

import contextlib
import errno
import json
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

import sksegment
from sksegment._warn import warn_user
from sksegment.stacks._array_writer import to_array
from sksegment.stacks._checks import check_model, check_vote
from sksegment.stacks._cuts import Cuts
from sksegment.stacks._digest import content_digest, model_digest
from sksegment.stacks._encoding import dtype_for, void_of
from sksegment.stacks._journal import JOURNAL_FORMAT, Journal
from sksegment.stacks._label_pages import LabelPages
from sksegment.stacks._label_slices import label_ahead, label_each
from sksegment.stacks._open import opened
from sksegment.stacks._units import UnitsWatch
from sksegment.stacks._vote import output_pages
from sksegment.stacks._writers import Place

__all__ = ["StackRun", "run_stack"]

_LARGEST_ID = void_of(np.uint16) - 1
_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class StackRun:
    """What became of a run.

    Attributes
    ----------
    path : pathlib.Path or None
        The output, if it is a file or a folder.
    labels : ndarray of shape (n, H, W), int32, or None
        The output, if it is not.
    n_done : int
        Slices that were labelled, those of an earlier run that was resumed too; with
        several axes, all of their slices.
    failed : list of (int, str)
        Index of every slice that was left void, and why.
    seconds : float
    was_complete : bool, default=False
        Whether the output was there, and nothing was left to do.
    """

    path: Path | None
    labels: np.ndarray | None
    n_done: int
    failed: list
    seconds: float
    was_complete: bool = False


def run_stack(
    model,
    source,
    out=None,
    *,
    axes=None,
    dataset=None,
    along=None,
    resume=False,
    overwrite=False,
    client=None,
    progress=True,
    options=None,
):
    """Do what `predict_stack` does, and tell what became of it.

    Parameters
    ----------
    model, source, out, axes, dataset, along, resume, overwrite, client, progress
        See `predict_stack`.
    options : dict of str to str, optional
        By which the model was made; `read_header` gives them back from the journal of
        a run that was interrupted.

    Returns
    -------
    run : StackRun
    """
    began = time.perf_counter()
    with opened(source, axes=axes, dataset=dataset) as stack:
        cuts = Cuts.of(stack, along)
        check_model(model, stack)
        check_vote(model, cuts)
        place, header = None, {}
        if out is None and resume:
            raise ValueError(
                "resume=True goes on with a run into out=, which is not given; without "
                "it nothing is kept of a run that is interrupted"
            )
        if out is not None:
            place = Place(out, stack)
            place.check_free(resume=resume, overwrite=overwrite)
            header = _header(model, cuts)
            if resume and not overwrite and _is_complete(place, cuts, header):
                return StackRun(Path(out), None, len(cuts), [], 0.0, was_complete=True)
        # As the message of a run that does not fit says.
        resume = resume and not overwrite
        journal, results = _begin(model, cuts, place, header, options, resume, client)
        bar = partial(tqdm, disable=not progress, file=sys.stderr)
        with journal, _telling_how_to_resume(place, journal, len(cuts)):
            failed = _label_all(journal, cuts, results, bar, to_file=out is not None)
            if failed:
                # Slices are not damaged where the files are gone: then this raises.
                stack.fingerprint()
            n_done = len(journal)
            # Those that are void may be read another time.
            header |= {"failed": failed} if failed else {}
            labels = _finish(model, cuts, place, journal, header, bar)
    if place is not None:
        place.journal.unlink()
    path = None if out is None else Path(out)
    return StackRun(path, labels, n_done, failed, time.perf_counter() - began)


def _header(model, cuts):
    """What must be the same for a run to go on."""
    input_ = cuts.stack.fingerprint()
    if input_["files"] is None:
        input_["content"] = content_digest(cuts.stack)
    return {
        "format": JOURNAL_FORMAT,
        "version": sksegment.__version__,
        "input": input_,
        "model": model_digest(model),
        "along": cuts.axes,
    }


def _is_complete(place, cuts, header):
    """Whether the output is there; raise if what is there is that of another run."""
    if place.journal.exists() or not place.path.exists():
        return False
    expected = LabelPages((), None, cuts.stack, _identity(header)).digest()
    if place.identity() == expected:
        return True
    raise FileExistsError(
        f"{place.path} exists, and is of another input, model or version, or lacks "
        "slices that could not be labelled; choose another output, or replace it with "
        "overwrite=True"
    )


def _identity(header):
    return json.dumps(header, sort_keys=True)


def _begin(model, cuts, place, header, options, resume, client):
    """Open the journal, and give an iterator over the results it still lacks.

    A new file is made only when some slice of every axis has been labelled: what is
    wrong with all of them is told before anything is written.
    """
    watch = UnitsWatch(model, cuts)
    label = partial(label_ahead, model, cuts, watch=watch)
    label_first = partial(label_each, model, cuts, watch=watch)
    if client is not None:
        from sksegment.stacks._dask import labeller_on

        label = label_first = labeller_on(client, model, cuts)
    journal, first = None, []
    if place is not None and resume and place.journal.exists():
        journal = Journal.resume(place.journal, header)
    if journal is None:
        first = [*_first_labels(cuts, label_first, to_file=place is not None)]
        if place is None:
            journal = Journal.in_memory()
        else:
            journal = Journal.begin(place.journal, {**header, "options": options})
    begun = {number for number, *_ in first}
    left = [n for n in range(len(cuts)) if n not in journal and n not in begun]
    return journal, _chain(first, label, left)


def _first_labels(cuts, label, *, to_file):
    """Label one slice of every axis, the first for which this is possible."""
    for view, start in zip(cuts.views, cuts.starts, strict=True):
        for number in range(start, start + len(view)):
            [(number, labels, error)] = label([number])
            if error is None and (labels == void_of(labels.dtype)).all():
                error = "nothing of it is in the field of view"
            if error is None:
                if to_file:
                    _check_ids(labels, cuts.name(number))
                yield number, labels, error
                break
        else:
            raise ValueError(
                f"none of the {len(view)} slices of {view.source} can be labelled; "
                f"of the last one: {error}"
            )


def _chain(first, label, numbers):
    yield from first
    yield from label(numbers)


def _label_all(journal, cuts, results, bar, *, to_file):
    """Put the results into the journal, and return what failed."""
    failed = []
    with (
        contextlib.closing(results),
        bar(total=len(cuts), initial=len(journal), unit="slice") as shown,
    ):
        for number, labels, error in results:
            if error is None:
                if to_file:
                    _check_ids(labels, cuts.name(number))
                journal.append(number, labels)
            else:
                reason = _with_name(error, cuts.name(number))
                failed.append((cuts.locate(number)[1], reason))
                warn_user(f"{reason} (its labels are void)")
            shown.update()
    return sorted(failed)


def _check_ids(labels, name):
    if labels.dtype.kind == "i" and labels.max() > _LARGEST_ID:
        raise ValueError(
            f"{name} has the label {labels.max()}, but files hold labels up to "
            f"{_LARGEST_ID}; leave out= away to get an array, or ask the model for "
            "fewer regions"
        )


def _with_name(error, name):
    return error if error.startswith(name) else f"{name}: {error}"


def _finish(model, cuts, place, journal, header, bar):
    """Make the output of a complete journal; without a place it is returned."""
    dtype = np.dtype(np.int32) if place is None else dtype_for(journal.largest)
    pages = output_pages(journal, cuts, dtype)
    if place is None:
        return to_array(LabelPages(pages, dtype, cuts.stack))
    pages = bar(pages, total=len(cuts.stack), desc="writing", unit="slice", leave=False)
    identity = _identity(header)
    scale = getattr(model, "intensity_range_", None)
    place.write(place.path, LabelPages(pages, dtype, cuts.stack, identity, scale))
    place.remove_leftovers()
    return None


@contextlib.contextmanager
def _telling_how_to_resume(place, journal, n_slices):
    try:
        yield
    except BaseException as error:
        if place is None:
            raise
        kept = f"{len(journal)} of {n_slices} slices are kept in {place.journal}"
        if isinstance(error, OSError) and error.errno in _DISK_IS_FULL:
            raise OSError(
                error.errno,
                f"the disk is full; {kept}: make room, then go on with resume=True",
            ) from error
        error.add_note(f"{kept}: go on with resume=True")
        raise
