"""What Adam has learnt of the gradients, for a training that goes on from a file."""

import torch

__all__ = ["moments_of", "restore_moments"]

_STEP = "step"


def moments_of(net):
    """Moments of the optimiser by the names of the parameters.

    Parameters
    ----------
    net : SegmentationNet

    Returns
    -------
    moments : dict of str to tensor
        Empty for a net that has not been trained.
    """
    state = net.optimizer_.state
    return {
        f"{name}/{kind}": tensor
        for name, parameter in net.module_.named_parameters()
        for kind, tensor in state.get(parameter, {}).items()
    }


def restore_moments(net, moments):
    """Give moments to the optimiser of a net that has none.

    Parameters
    ----------
    net : SegmentationNet
    moments : dict of str to tensor

    Raises
    ------
    KeyError, ValueError
        If they are not those of this net.
    """
    parameters = dict(net.module_.named_parameters())
    for key, tensor in moments.items():
        name, _, kind = key.rpartition("/")
        parameter = parameters[name]
        expected = () if kind == _STEP else parameter.shape
        if tensor.shape != expected or not torch.isfinite(tensor).all():
            raise ValueError(f"{key} are no moments of these weights")
        # In the memory format of the weights, as the optimiser makes them itself.
        own = torch.empty_like(parameter if expected else tensor).to(parameter.device)
        net.optimizer_.state[parameter][kind] = own.copy_(tensor).detach()
