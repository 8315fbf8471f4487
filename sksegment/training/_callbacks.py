"""Callbacks of the training: when to stop, and what to show."""

import torch
from skorch.callbacks import Callback
from tqdm.auto import tqdm

__all__ = [
    "FewLabels",
    "FiniteLoss",
    "LabelCount",
    "Movement",
    "ProgressBar",
    "StopTraining",
    "TermMeans",
    "copy_weights",
]


class StopTraining(Exception):
    """Raised by a callback to end the training at the end of an epoch."""


class FiniteLoss(Callback):
    """Keep weights that are known to be finite, and refuse to go on after NaN.

    The weights after the last step of an epoch have not been tried yet; hence those
    from the start of the last epoch without a bad loss are kept.
    """

    def on_train_begin(self, net, **kwargs):
        """Remember the weights that the training starts from."""
        self.weights_ = self.candidate_ = copy_weights(net)

    def on_epoch_begin(self, net, **kwargs):
        """Remember the weights: the epoch will show whether they are good."""
        self.candidate_ = copy_weights(net)

    def on_epoch_end(self, net, **kwargs):
        """Trust the weights from the start of the epoch."""
        self.weights_ = self.candidate_

    def on_batch_end(self, net, **kwargs):
        """Check the loss.

        Raises
        ------
        FloatingPointError
            If the loss is NaN or infinite; the net has the last finite weights.
        """
        loss = net.history[-1, "batches", -1, "train_loss"]
        if abs(loss) < float("inf"):
            return
        terms = net.history[-1]["batches"][-1]
        culprits = [
            name.removeprefix("train_")
            for name, value in terms.items()
            if name.startswith("train_")
            and name not in ("train_loss", "train_batch_size")
            and not abs(value) < float("inf")
        ]
        where = f"in epoch {len(net.history)} ({', '.join(culprits) or 'loss'})"
        self._give_up(net, f"the loss became {loss} {where}")

    def check_weights(self, net):
        """Check the weights after the last step, of which no loss was computed.

        Raises
        ------
        FloatingPointError
            If one is NaN or infinite; the net has the last finite weights.
        """
        tensors = net.module_.state_dict().values()
        if not all(torch.isfinite(tensor).all() for tensor in tensors):
            self._give_up(net, "the weights became infinite in the last step")

    def _give_up(self, net, reason):
        net.module_.load_state_dict(self.weights_)
        # Moments of the optimiser that saw NaN would spoil any further training.
        net.optimizer_.state.clear()
        raise FloatingPointError(
            f"{reason}; the last finite weights are kept. Try a smaller lr, "
            "precision='float32', or smaller betas"
        )


def copy_weights(net):
    """Copy weights and statistics of a net, by name."""
    return {name: value.clone() for name, value in net.module_.state_dict().items()}


class LabelCount(Callback):
    """Record the labels in use and the share of superpixels that changed theirs.

    Parameters
    ----------
    images : list of GraphImage or PixelImage
    """

    def __init__(self, images):
        self.images = images

    def on_train_begin(self, net, **kwargs):
        """Forget the labels of an earlier training."""
        self.before_ = None

    def on_epoch_end(self, net, **kwargs):
        """Record ``n_labels`` and, from the second epoch on, ``changed``."""
        labels = torch.cat([image.labels for image in self.images])
        net.history.record("n_labels", len(torch.unique(labels)))
        if self.before_ is not None:
            changed = (labels != self.before_).float().mean().item()
            net.history.record("changed", changed)
        self.before_ = labels


class Movement(Callback):
    """Record how far the weights are from the start, relative to their size."""

    def on_train_begin(self, net, **kwargs):
        """Remember the start."""
        self.start_ = _flat_weights(net)

    def on_epoch_end(self, net, **kwargs):
        """Record ``moved``."""
        distance = torch.linalg.vector_norm(_flat_weights(net) - self.start_)
        size = torch.linalg.vector_norm(self.start_)
        net.history.record("moved", (distance / size).item())


def _flat_weights(net):
    parameters = net.module_.parameters()
    return torch.cat([parameter.detach().flatten() for parameter in parameters])


class TermMeans(Callback):
    """Record the mean of every term of the loss over the steps of an epoch.

    Terms are tensors on the device until then, and are fetched all at once.
    """

    def on_epoch_end(self, net, **kwargs):
        """Turn the terms of all steps into numbers, and record their means."""
        steps = net.history[-1]["batches"]
        places = [(step, k) for step in steps for k in step if torch.is_tensor(step[k])]
        if not places:
            return
        values = torch.stack([step[name] for step, name in places]).tolist()
        by_name = {}
        for (step, name), value in zip(places, values, strict=True):
            step[name] = value
            by_name.setdefault(name, []).append(value)
        for name, of_steps in by_name.items():
            net.history.record(name, sum(of_steps) / len(of_steps))


class FewLabels(Callback):
    """Stop as soon as no more than a number of labels is left (Kim et al. 2020).

    Parameters
    ----------
    dataset : TrainingSet
    min_labels : int
        Labels in use in all images together that are few enough.
    """

    def __init__(self, dataset, min_labels):
        self.dataset = dataset
        self.min_labels = min_labels

    def on_train_begin(self, net, **kwargs):
        """Start anew."""
        self.reached_ = False

    def on_batch_end(self, net, **kwargs):
        """Count the labels, and end the epoch where they are few."""
        labels = [image.labels for image in self.dataset.images]
        if any(part is None for part in labels):
            return
        if len(torch.unique(torch.cat(labels))) <= self.min_labels:
            self.reached_ = True
            self.dataset.finish()

    def on_epoch_end(self, net, **kwargs):
        """Stop; to be called after the callbacks that record.

        Raises
        ------
        StopTraining
            If few labels are left.
        """
        if self.reached_:
            raise StopTraining


class ProgressBar(Callback):
    """Show the epochs with the terms of the loss and the labels in use.

    Parameters
    ----------
    max_epochs : int
    """

    def __init__(self, max_epochs):
        self.max_epochs = max_epochs

    def on_train_begin(self, net, **kwargs):
        """Open the bar."""
        self.bar_ = tqdm(total=self.max_epochs, unit="epoch", desc="W-Net")

    def on_epoch_end(self, net, **kwargs):
        """Show the last epoch."""
        row = net.history[-1]
        shown = {
            name.removeprefix("train_"): f"{value:.4f}"
            for name, value in row.items()
            if name.startswith("train_") and not name.endswith(("_best", "_count"))
        }
        self.bar_.set_postfix({**shown, "labels": row.get("n_labels")})
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        """Close the bar."""
        self.bar_.close()

    def __getstate__(self):
        state = self.__dict__.copy()
        state.pop("bar_", None)
        return state
