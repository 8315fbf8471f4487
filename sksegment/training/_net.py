"""The skorch net that trains a W-Net by batches of patches and whole images."""

import contextlib
import copy
import threading

import numpy as np
import torch
from skorch import NeuralNet
from skorch.history import History

from sksegment.losses import reconstruction_loss
from sksegment.nn import build_wnet
from sksegment.training._callbacks import StopTraining, TermMeans
from sksegment.training._device import limit_threads
from sksegment.training._statistics import batch_norms
from sksegment.training._watch import watchers

__all__ = ["MARGIN", "SegmentationNet", "history_table", "make_net", "train"]

# Reflected pixels around whole images; patches have none, they overlap anyway.
MARGIN = 8
# What a history holds that tells a user nothing.
_BOOKKEEPING = frozenset({"batches", "moved", "train_batch_count"})

_AUTOCAST_LOCK = threading.RLock()


class SegmentationNet(NeuralNet):
    """A W-Net, its optimiser and its history.

    Three hooks of skorch are overridden: a batch has patches and whole images at once
    (`infer`), the loss has several terms (`get_loss`), and prediction needs no decoder
    (`evaluation_step`).

    Parameters
    ----------
    reconstruct : {"patch", "image", "none"}
    dtype : torch.dtype
        Precision of the convolutions; everything else is float32.
    **kwargs
        Parameters of `skorch.NeuralNet`.
    """

    # Outside the parameters of skorch, which are those of ``__init__``.
    _kept_encoder = None

    def __init__(self, *args, reconstruct="patch", dtype=torch.float32, **kwargs):
        self.reconstruct = reconstruct
        self.dtype = dtype
        super().__init__(*args, **kwargs)

    def infer(self, x, **fit_params):
        """Run the net on a `TrainingBatch`.

        Returns
        -------
        logits : list of tensor of shape (1, K, h, w)
            One for every whole image.
        reconstructed : list of (tensor, tensor)
            Pairs of originals and reconstructions.
        """
        module = self.module_
        with self._autocast():
            logits = [module.encode(image.pixels, MARGIN) for image in x.images]
            if self.reconstruct == "patch":
                pairs = [(patches, module(patches)[1]) for patches in x.patches]
            elif self.reconstruct == "image":
                pairs = [
                    (image.pixels, module.decode(z, MARGIN))
                    for image, z in zip(x.images, logits, strict=True)
                ]
            else:
                pairs = []
        return logits, pairs

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Total loss; every term goes to the history."""
        logits, pairs = y_pred
        objective = self.criterion_
        terms = {}
        if pairs and "rec" in objective.weights:
            weights = X.weights or [None] * len(pairs)
            if self.reconstruct == "image":
                weights = [image.weight for image in X.images]
            losses = [
                reconstruction_loss(x, y.float(), weight)
                for (x, y), weight in zip(pairs, weights, strict=True)
            ]
            terms["rec"] = sum(losses) / len(losses)
        for z, image in zip(logits, X.images, strict=True):
            image_terms, f = objective.image_terms(z, image)
            image.labels = f.detach().argmax(dim=1)
            for name, value in image_terms.items():
                terms[name] = terms.get(name, 0.0) + value / len(logits)
        for name, value in terms.items():
            # Reading the number here would make a device wait for this program.
            self.history.record_batch(f"train_{name}", value.detach())
        return objective.total(terms)

    def evaluation_step(self, batch, training=False):
        """Logits of one whole image, by the encoder alone.

        Parameters
        ----------
        batch : tensor of shape (1, C, h, w)
        training : bool, default=False

        Returns
        -------
        z : tensor of shape (1, K, h, w), float32
        """
        self.check_is_fitted(["module_"])
        self._set_training(training)
        batch = batch.to(self.device)
        with limit_threads(self.n_values(batch)):
            if not training:
                with torch.inference_mode():
                    return self._fused_encoder()(batch.to(self.dtype), MARGIN).float()
            with self._autocast():
                return self.module_.encode(batch, MARGIN).float()

    def _fused_encoder(self):
        """Encoder for prediction, made anew where weights have changed since."""
        encoder = self.module_.encoder
        tensors = (*encoder.parameters(), *encoder.buffers())
        state = [(tensor.data_ptr(), tensor._version) for tensor in tensors]
        kept = self._kept_encoder
        if kept is None or kept[0] != state:
            kept = self._kept_encoder = state, encoder.fused(self.dtype)
        return kept[1]

    def __getstate__(self):
        return super().__getstate__() | {"_kept_encoder": None}

    def n_values(self, pixels):
        """Number of values in the largest feature map of an image."""
        return pixels[0, 0].numel() * self.module_.encoder.head.in_channels

    def reconstruction_step(self, batch):
        """Reconstruction of one whole image.

        Parameters
        ----------
        batch : tensor of shape (1, C, h, w)

        Returns
        -------
        x : tensor of shape (1, C, h, w), float32
        """
        self._set_training(False)
        threads = limit_threads(self.n_values(batch))
        with threads, torch.inference_mode(), self._autocast():
            return self.module_(batch.to(self.device), MARGIN)[1].float()

    @torch.no_grad()
    def settle_statistics(self, images):
        """Take the statistics of batch norm from whole images alone.

        During training they are running means over patches and images mixed, but
        only whole images are labelled. They stay as they are if that is broken off.

        Parameters
        ----------
        images : list of GraphImage or PixelImage
        """
        module = self.module_
        norms = batch_norms(module)
        momentum = [norm.momentum for norm in norms]
        before = copy.deepcopy([norm.state_dict() for norm in norms])
        self._set_training(True)
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
        try:
            with self._autocast():
                for image in images:
                    z = module.encode(image.pixels, MARGIN)
                    if module.decoder is not None:
                        module.decode(z, MARGIN)
        except BaseException:
            for norm, state in zip(norms, before, strict=True):
                norm.load_state_dict(state)
            raise
        finally:
            for norm, value in zip(norms, momentum, strict=True):
                norm.momentum = value

    @torch.no_grad()
    def permute_labels(self, order):
        """Renumber the soft labels: new label k is old label ``order[k]``.

        The moments of the optimiser move along, so that training may go on.

        Parameters
        ----------
        order : ndarray of shape (K,), int64
        """
        order = torch.as_tensor(order, device=self.device)
        for parameter, axis in self.module_.label_axes():
            moments = self.optimizer_.state.get(parameter, {}).values()
            for tensor in (parameter, *moments):
                if torch.is_tensor(tensor) and tensor.shape == parameter.shape:
                    tensor.copy_(tensor.index_select(axis, order))

    @contextlib.contextmanager
    def _autocast(self):
        device = torch.device(self.device).type
        if self.dtype != torch.float32:
            # All threads share one cache of converted weights, and each empties it at
            # its end: others then converted them twice, and gradients were rounded
            # otherwise.
            with _AUTOCAST_LOCK, torch.autocast(device, dtype=self.dtype):
                yield
        elif torch.is_autocast_enabled(device):
            with torch.autocast(device, enabled=False):
                yield
        else:
            yield


class Batches:
    """Batches of an epoch in the form of skorch, without a `DataLoader`.

    Parameters
    ----------
    dataset : TrainingSet
    batch_size : None
        Ignored; the dataset makes its own batches.
    """

    def __init__(self, dataset, batch_size=None):
        self.dataset = dataset

    def __iter__(self):
        return ((batch, None) for batch in self.dataset)


def make_net(*, size, objective, betas, reconstruct, lr, seed, device, dtype):
    """Make an untrained net.

    Parameters
    ----------
    size : dict
        Parameters of `WNet`.
    objective : callable
        Makes a `SparseObjective` or a `DenseObjective` from its weights.
    betas : dict
        Its weights.
    reconstruct : {"patch", "image", "none"}
    lr : float
        Learning rate of Adam.
    seed : int
        Seed of the initial weights.
    device : torch.device
    dtype : torch.dtype

    Returns
    -------
    net : SegmentationNet
        Initialised.
    """
    net = SegmentationNet(
        build_wnet,
        criterion=objective,
        optimizer=torch.optim.Adam,
        optimizer__fused=device.type in ("cpu", "cuda"),
        lr=lr,
        batch_size=None,
        iterator_train=Batches,
        train_split=None,
        callbacks=[TermMeans()],
        callbacks__print_log=None,
        device=str(device),
        verbose=0,
        reconstruct=reconstruct,
        dtype=dtype,
        module__seed=seed,
        **{f"module__{name}": value for name, value in size.items()},
        **{f"criterion__{name}": value for name, value in betas.items()},
    )
    return net.initialize()


def train(net, dataset, *, max_epochs, callbacks):
    """Train a net for some epochs.

    skorch's own ``fit`` swallows ``KeyboardInterrupt``, and would hand a half-trained
    net to a search as if it were complete; hence the loop is called directly.

    Parameters
    ----------
    net : SegmentationNet
    dataset : TrainingSet
    max_epochs : int
    callbacks : list of Callback
        For this training only.

    Returns
    -------
    net : SegmentationNet
    """
    lasting = net.callbacks_
    callbacks = [*callbacks, *watchers()]
    named = [(type(callback).__name__, callback) for callback in callbacks]
    net.callbacks_ = [*lasting, *named]
    try:
        net.notify("on_train_begin", X=dataset, y=None)
        net.fit_loop(dataset, None, epochs=max_epochs)
    except StopTraining:
        pass
    finally:
        net.notify("on_train_end", X=dataset, y=None)
        net.callbacks_ = lasting
    return net


def history_table(net):
    """History of the training without skorch's own bookkeeping.

    Parameters
    ----------
    net : SegmentationNet

    Returns
    -------
    history : skorch.history.History
        A list of one dict an epoch: ``epoch``, ``loss``, the terms ``rec``, ``cut``,
        ``sim``, ``con`` and ``scribble`` in use, ``n_labels``, ``changed`` (share of
        superpixels, or pixels, whose label differs from the epoch before) and
        ``seconds``. Columns are read as ``history[:, "loss"]``.
    """
    names = {"dur": "seconds"}
    table = History()
    for row in net.history:
        if "train_loss" not in row:
            # An epoch that was broken off.
            continue
        table.new_epoch()
        for name, value in row.items():
            if name in _BOOKKEEPING or name.endswith("_best"):
                continue
            value = float(value) if isinstance(value, np.floating) else value
            table.record(names.get(name, name.removeprefix("train_")), value)
        del table[-1]["batches"]
    return table
