"""Label the slices of a stack on the workers of a dask cluster."""

import contextlib
import itertools
import pickle
import sys
import uuid
from functools import partial

from sksegment._shared import SharedState
from sksegment.stacks._encoding import pack
from sksegment.stacks._label_slices import label_image, read_slice

__all__ = ["labeller_on", "limited_to", "torch_threads"]

# Few slices at a time are in memory: here, at the scheduler and at the workers.
_SLICES_PER_THREAD = 2
# A stack of files travels as their paths. One in memory does not travel: its slices do.
_SMALL_BYTES = 2**20


def labeller_on(client, model, cuts):
    """Make a function that labels slices on a cluster.

    Parameters
    ----------
    client : dask.distributed.Client
    model : estimator
        Sent now, once to every worker that comes to need it.
    cuts : Cuts

    Returns
    -------
    label : callable
        ``label(numbers)`` gives what `label_ahead` does, in the order in which slices
        are finished, with packed labels.

    Raises
    ------
    ImportError
        If dask.distributed is not installed here.
    """
    _import_distributed()
    travels = _is_small(cuts)
    shared = _send_model(client, model, cuts if travels else None)
    read = _nothing if travels else partial(read_slice, cuts)
    return partial(_label, client, shared, read)


def _import_distributed():
    try:
        import dask.distributed  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "client= needs dask.distributed, which is not installed: pip install "
            '"sksegment[stacks]"'
        ) from error


def _nothing(number):
    return None, None


def _label(client, shared, read, numbers):
    from dask.distributed import as_completed

    left, running = iter(numbers), as_completed(loop=client.loop)
    while True:
        for number in itertools.islice(left, _n_free(client, running)):
            image, error = read(number)
            if error is None:
                running.add(_send_slice(client, shared, number, image))
            else:
                yield number, None, error
        if running.is_empty():
            break
        yield next(running).result()


def _n_free(client, running):
    # Asked every time, since workers come and go.
    n_threads = max(1, sum(client.nthreads().values()))
    return max(0, _SLICES_PER_THREAD * n_threads - running.count())


def _is_small(cuts):
    buffers = []
    try:
        n_bytes = len(pickle.dumps(cuts, 5, buffer_callback=buffers.append))
    # What cannot be pickled, such as an open HDF5 file, says so in many ways.
    except Exception:
        return False
    return n_bytes + sum(buffer.raw().nbytes for buffer in buffers) <= _SMALL_BYTES


def _send_model(client, model, cuts):
    """Make the model a task: each worker fetches the result once.

    Unlike data that are scattered, it comes back when all workers that had it are lost.
    """
    import cloudpickle

    data = cloudpickle.dumps((model, cuts))
    with _large_tasks():
        return client.submit(pickle.loads, data, key=_new_key("model"), pure=False)


def _send_slice(client, shared, number, image):
    arguments = (shared, number, image, torch_threads())
    with _large_tasks():
        return client.submit(
            _label_there, *arguments, key=_new_key("slice"), pure=False
        )


def _new_key(name):
    return f"sksegment-{name}-{uuid.uuid4().hex}"


def _large_tasks():
    import dask

    return dask.config.set({"distributed.admin.large-graph-warning-threshold": "2GB"})


def _label_there(shared, number, image, n_threads):
    """Label one slice on a worker."""
    model, cuts = shared
    error = None
    if image is None:
        image, error = read_slice(cuts, number)
    if error is not None:
        return number, None, error
    with limited_to(n_threads):
        labels, error = label_image(model, image)
    return number, None if labels is None else pack(labels), error


def torch_threads():
    """Threads that torch uses in this process, or None if it is not used."""
    torch = sys.modules.get("torch")
    return None if torch is None else torch.get_num_threads()


@contextlib.contextmanager
def limited_to(n_threads):
    """Let torch use as many threads as the process that sent the model.

    The order of summation follows from their number, and with it the last bits.
    """
    torch = sys.modules.get("torch")
    if torch is None or n_threads is None:
        yield
        return
    with _TORCH_THREADS.hold(n_threads):
        yield


def _set_torch_threads(n_threads):
    torch = sys.modules["torch"]
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    return before


# Several slices may be labelled at a time.
_TORCH_THREADS = SharedState(_set_torch_threads, _set_torch_threads)
