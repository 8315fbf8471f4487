"""Where to compute, and with how many bits."""

import contextlib
import os
import threading

import torch

__all__ = ["choose_device", "choose_dtype", "is_available", "limit_threads"]

# Values in the largest feature map that are worth a thread of their own.
_VALUES_PER_THREAD = 2_000_000


def choose_device(device):
    """Resolve a device.

    Parameters
    ----------
    device : str or torch.device
        ``"auto"`` is CUDA where there is a card, else the CPU.

    Returns
    -------
    device : torch.device

    Raises
    ------
    ValueError
        If there is no such device here.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.empty(0, device=resolved)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"device={device!r} cannot be used here ({reason}); use 'auto' or 'cpu'"
        ) from error
    return resolved


def is_available(device):
    """Whether `choose_device` accepts a device.

    Parameters
    ----------
    device : str or torch.device

    Returns
    -------
    answer : bool
    """
    try:
        choose_device(device)
    except ValueError:
        return False
    return True


def choose_dtype(precision, device):
    """Resolve a precision for the convolutions.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` is bfloat16 where the device computes with it natively.
    device : torch.device

    Returns
    -------
    dtype : torch.dtype
    """
    if precision == "auto":
        native = _has_native_bfloat16(device)
        return torch.bfloat16 if native else torch.float32
    return getattr(torch, precision)


def _has_native_bfloat16(device):
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    # Emulated bfloat16 is slower than float32, so the instructions must be there, and
    # oneDNN, which may have been told to do without them, must use them.
    may_use = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    if not may_use():
        return False
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check, lambda: False)() for check in checks)


@contextlib.contextmanager
def limit_threads(n_values):
    """Use no more threads of the CPU than pay.

    A net on a small image is thousands of operations of a fraction of a millisecond,
    and its threads wait for each other after every one. That gains little, and when
    another program takes one of the cores it loses a factor of ten and more. So the
    number depends on the size of the work, and never on the load: results would
    otherwise differ in the last bits from run to run.

    Parameters
    ----------
    n_values : int
        Number of values in the largest feature map.

    Notes
    -----
    Python threads may be limited at the same time, each by its own work. A thread that
    begins meanwhile takes over the number that torch was given last, by whomever; hence
    the number that all share is asked for when nobody is limited.
    """
    outer = _LIMITS.enter()
    torch.set_num_threads(min(outer, 1 + n_values // _VALUES_PER_THREAD))
    try:
        yield
    finally:
        torch.set_num_threads(outer)
        _LIMITS.leave()


class _Limits:
    """Number of torch's threads around the limits in force, of all Python threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._n_limits, self._unlimited = 0, 1
        self._own = threading.local()

    def enter(self):
        """Return the number that is to be limited, and restored."""
        with self._lock:
            if self._n_limits == 0:
                self._unlimited = torch.get_num_threads()
            self._n_limits += 1
        within = getattr(self._own, "within", 0)
        self._own.within = within + 1
        return torch.get_num_threads() if within else self._unlimited

    def leave(self):
        """Note that a limit is in force no longer."""
        self._own.within -= 1
        with self._lock:
            self._n_limits -= 1

    def forget_other_threads(self):
        """Leave the limits of this thread alone in force, after a fork."""
        self._lock = threading.Lock()
        self._n_limits, self._unlimited = getattr(self._own, "within", 0), 1


_LIMITS = _Limits()


def _begin_anew():
    """Let a forked process compute in one thread."""
    _LIMITS.forget_other_threads()
    # Threads of OpenMP are not copied, and who waits for them waits for ever.
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
