"""What bounds a step: its arithmetic and its bytes against what the machine can do.

    python benchmarks/floors.py --out floors.json

The floors are the operations of all convolutions over the measured rate of a large
matrix product, and the bytes that every operation has to read and write over the
measured rate of a copy. The second is no strict floor where data stay in a cache.
"""

import argparse

import torch
from _timing import best, report
from skimage.data import coffee
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from sksegment import make_segmenter

SETTINGS = {
    "default, bfloat16": ("compact", "bfloat16"),
    "default, float32": ("compact", "float32"),
    "paper size, bfloat16": ("paper", "bfloat16"),
    "paper size, float32": ("paper", "float32"),
}


class ByteCounter(TorchDispatchMode):
    """Count the bytes of the tensors that operations read and write, views apart."""

    def __init__(self):
        super().__init__()
        self.n_bytes = 0
        self.n_calls = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if not function.is_view:
            self.n_bytes += sum(t.nbytes for t in _tensors([args, kwargs, result]))
            self.n_calls += 1
        return result


def _tensors(value):
    if torch.is_tensor(value):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        yield from _tensors([*value.values()])


def machine():
    """Operations a second of a matrix product, bytes a second of a copy."""
    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
        seconds = best(lambda a=a, b=b: a @ b)
        rates[str(dtype).removeprefix("torch.")] = 2 * 2048**3 / seconds
    source = torch.zeros(2**27, dtype=torch.float32)
    target = torch.empty_like(source)
    rates["copy"] = 2 * source.nbytes / best(lambda: target.copy_(source))
    return rates


def step(size, precision, rates):
    """Seconds of a step and its two floors."""
    model = make_segmenter(
        "Sparse-SimCon-Patch", size=size, precision=precision, random_state=0
    )
    counts = (4, 9, 16) if size == "paper" else (12,)
    photo = coffee()[:321, :481]

    def train(n_steps, n_epochs=1):
        model.set_params(max_epochs=n_epochs, device="cpu", batches_per_epoch=n_steps)
        model.set_params(patches__counts=[n_steps * count for count in counts])
        return model.partial_fit([photo])

    seconds = min(train(2, n_epochs=3).history_[:, "seconds"]) / 2
    # What comes after the training is the same for one step and for three.
    one, three = (count(lambda n=n: train(n)) for n in (1, 3))
    flops, n_bytes, n_calls = ((b - a) / 2 for a, b in zip(one, three, strict=True))
    arithmetic, traffic = flops / rates[precision], n_bytes / rates["copy"]
    return {
        "seconds": round(seconds, 4),
        "gflop": round(flops / 1e9, 2),
        "arithmetic": round(arithmetic, 4),
        "mib": round(n_bytes / 2**20),
        "traffic": round(traffic, 4),
        "operations": round(n_calls),
        "times_the_larger_floor": round(seconds / max(arithmetic, traffic), 2),
    }


def count(function):
    """Operations of arithmetic, bytes and calls."""
    with FlopCounterMode(display=False) as flops:
        function()
    with ByteCounter() as counter:
        function()
    return flops.get_total_flops(), counter.n_bytes, counter.n_calls


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out")
    args = parser.parse_args()
    rates = machine()
    results = {
        "threads": torch.get_num_threads(),
        "rates": {name: f"{rate:.3g}" for name, rate in rates.items()},
        "steps": {name: step(*of, rates) for name, of in SETTINGS.items()},
    }
    report(results, args.out)


if __name__ == "__main__":
    main()
