"""Train several nets of one structure in one program: a batch of models."""

import torch
from torch.func import functional_call, vmap

from sksegment.training._callbacks import StopTraining
from sksegment.training._net import MARGIN
from sksegment.training._watch import watchers

__all__ = ["train_together"]


def train_together(nets, datasets, *, max_epochs, callbacks):
    """Train nets that differ in their weights and in those of their losses only.

    A step is one call of each layer for all of them, where a device would otherwise
    wait for the next of many small calls. Each net sees what it would see alone, and
    ends as it would alone up to rounding.

    Parameters
    ----------
    nets : list of SegmentationNet
        Initialised, on one device and with one precision. Trained in place.
    datasets : list of TrainingSet
        One for each net, of images of one shape.
    max_epochs : int
    callbacks : list of list of Callback
        For each net. What watches this thread watches the first, as one training.
    """
    lasting = [net.callbacks_ for net in nets]
    callbacks = [[*callbacks[0], *watchers()], *callbacks[1:]]
    for net, own in zip(nets, callbacks, strict=True):
        net.callbacks_ = [*net.callbacks_, *((type(c).__name__, c) for c in own)]
    stack = _Stack(nets)
    try:
        _notify(nets, "on_train_begin", datasets)
        for _ in range(max_epochs):
            _run_epoch(stack, nets, datasets)
    except StopTraining:
        pass
    finally:
        stack.dissolve()
        _notify(nets, "on_train_end", datasets)
        for net, before in zip(nets, lasting, strict=True):
            net.callbacks_ = before


def _notify(nets, event, datasets):
    for net, dataset in zip(nets, datasets, strict=True):
        net.notify(event, X=dataset, y=None)


def _run_epoch(stack, nets, datasets):
    for net, dataset in zip(nets, datasets, strict=True):
        net.notify("on_epoch_begin", dataset_train=dataset, dataset_valid=None)
        net._set_training(True)
    for batches in zip(*datasets, strict=True):
        losses = stack.step(batches)
        for net, batch, loss in zip(nets, batches, losses, strict=True):
            net.history.record_batch("train_loss", loss)
            net.history.record_batch("train_batch_size", len(batch))
            net.notify("on_batch_end", batch=(batch, None), training=True)
    for net, dataset in zip(nets, datasets, strict=True):
        net.history.record("train_batch_count", len(dataset))
        net.notify("on_epoch_end", dataset_train=dataset, dataset_valid=None)


class _Stack:
    """Weights of several modules as one tensor for each name, and their optimiser.

    The modules keep views of these tensors, so that whatever reads or writes their
    weights in place, callbacks among it, goes on working.
    """

    def __init__(self, nets):
        self.nets = nets
        self.modules = [net.module_ for net in nets]
        self.net = nets[0]
        self.parameters = self._join("named_parameters")
        self.buffers = self._join("named_buffers")
        for tensor in self.parameters.values():
            tensor.requires_grad_()
        settings = {"lr": self.net.lr, "fused": self.net.optimizer__fused}
        self.optimizer = torch.optim.Adam(self.parameters.values(), **settings)

    def _join(self, kind):
        named = [dict(getattr(module, kind)()) for module in self.modules]
        joined = {
            name: torch.stack([tensors[name].detach() for tensors in named])
            for name in named[0]
        }
        for name, tensor in joined.items():
            for own, part in zip(named, tensor.unbind(), strict=True):
                own[name].data = part
        return joined

    def dissolve(self):
        """Give every module, and its optimiser, tensors of its own again."""
        for index, net in enumerate(self.nets):
            module = net.module_
            for tensor in (*module.parameters(), *module.buffers()):
                tensor.data = tensor.data.clone()
            # Its weights have changed, but the versions of the tensors have not.
            net._kept_encoder = None
            for name, own in module.named_parameters():
                state = self.optimizer.state.get(self.parameters[name], {})
                net.optimizer_.state[own] = {
                    key: value.clone() if value.ndim == 0 else value[index].clone()
                    for key, value in state.items()
                }

    def step(self, batches):
        """Make one step of the optimiser; return the loss of every net."""
        for net, batch in zip(self.nets, batches, strict=True):
            net.notify("on_batch_begin", batch=(batch, None), training=True)
        self.optimizer.zero_grad()
        outputs = self._infer(batches)
        losses = [
            net.get_loss(output, None, X=batch, training=True)
            for net, output, batch in zip(self.nets, outputs, batches, strict=True)
        ]
        torch.stack(losses).sum().backward()
        self.optimizer.step()
        return torch.stack(losses).tolist()

    def _infer(self, batches):
        """Do what `SegmentationNet.infer` does, for all nets at once."""
        n_images, n_shapes = len(batches[0].images), len(batches[0].patches)
        with self.net._autocast():
            logits = [
                self._call("encoder", [batch.images[i].pixels for batch in batches])
                for i in range(n_images)
            ]
            originals, decoded = [], []
            if self.net.reconstruct == "patch":
                for i in range(n_shapes):
                    patches = [batch.patches[i] for batch in batches]
                    z = self._call("encoder", patches, margin=0)
                    originals.append(patches)
                    decoded.append(self._decode(z, margin=0))
            elif self.net.reconstruct == "image":
                for i, z in enumerate(logits):
                    originals.append([batch.images[i].pixels for batch in batches])
                    decoded.append(self._decode(z))
        return [
            (
                [z[m] for z in logits],
                [(x[m], y[m]) for x, y in zip(originals, decoded, strict=True)],
            )
            for m in range(len(batches))
        ]

    def _decode(self, z, margin=MARGIN):
        return self._call("decoder", torch.softmax(z, dim=2), margin)

    def _call(self, part, inputs, margin=MARGIN):
        """Run the encoders, or the decoders, each on its own input."""
        if isinstance(inputs, list):
            inputs = torch.stack(inputs)
        unet = getattr(self.modules[0], part)
        parameters, buffers = (
            {
                name.removeprefix(f"{part}."): tensor
                for name, tensor in tensors.items()
                if name.startswith(f"{part}.")
            }
            for tensors in (self.parameters, self.buffers)
        )

        def forward(own_parameters, own_buffers, x):
            return functional_call(unet, (own_parameters, own_buffers), (x, margin))

        return vmap(forward)(parameters, buffers, inputs)
