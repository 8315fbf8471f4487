"""What the net trains on: whole images as graphs or as pixels, and fresh patches."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import interpolate
from torch.utils.data import Dataset

from sksegment.losses import pixel_affinity
from sksegment.nn import SoftmaxPooling, SparseOperator, WindowOperator
from sksegment.regions import pooling_matrix

__all__ = [
    "GraphImage",
    "PixelImage",
    "TrainingBatch",
    "TrainingSet",
    "grid_shape",
    "to_grid",
]

_MIN_GRID = 4


def to_grid(scaled, resolution, position=0.0):
    """Bring an image to the grid on which the net works.

    Parameters
    ----------
    scaled : ndarray of shape (H, W, C), float32
    resolution : float
        Ratio of the sides, at most 1.
    position : float, default=0.0
        Weight of the position; 0 leaves it out.

    Returns
    -------
    pixels : tensor of shape (1, C, h, w), float32, channels last in memory
        Or (1, C + 2, h, w): row and column over the longer side, times ``position``,
        are the last two channels.
    """
    pixels = _resize(scaled, resolution)
    if not position:
        return pixels
    height, width = pixels.shape[-2:]
    unit = position / max(height, width)
    rows = (unit * torch.arange(height))[:, None].expand(height, width)
    columns = (unit * torch.arange(width)).expand(height, width)
    with_position = torch.cat([pixels, torch.stack([rows, columns])[None]], dim=1)
    return with_position.contiguous(memory_format=torch.channels_last)


def grid_shape(shape, resolution):
    """Height and width of the grid of an image.

    Parameters
    ----------
    shape : (int, int) or (int, int, int)
        Of the image, (H, W) or (H, W, C).
    resolution : float
        See `to_grid`.

    Returns
    -------
    grid_shape : (int, int)
    """
    return tuple(max(_MIN_GRID, round(side * resolution)) for side in shape[:2])


def _resize(scaled, resolution):
    pixels = torch.from_numpy(np.ascontiguousarray(scaled))[None].permute(0, 3, 1, 2)
    height, width = scaled.shape[:2]
    grid = grid_shape((height, width), resolution)
    if grid == (height, width):
        return pixels
    return interpolate(
        pixels, size=grid, mode="bilinear", align_corners=False, antialias=True
    ).contiguous(memory_format=torch.channels_last)


@dataclass(eq=False)
class GraphImage:
    """One training image and the graph of its superpixels, on the device.

    Attributes
    ----------
    pixels : tensor of shape (1, C, h, w)
    shape : (int, int)
        Height and width of the original image.
    pooling : SoftmaxPooling of shape (N, h * w)
        Means over superpixels.
    adjacency, affinity : SparseOperator of shape (N, N)
        Weights of neighbours for continuity and for the normalised cut.
    inside : ndarray of shape (H, W), bool, or None
        Field of view, where there is a mask.
    weight : tensor of shape (1, 1, h, w) or None
        Share of every pixel that is inside.
    labels : tensor of shape (N,) or None
        Labels of the superpixels when the net last saw the image.
    scribbles : tensor of shape (N,), int64, or None
        Labels that superpixels shall have, -1 where unknown, if there are scribbles.
    scaled : ndarray of shape (H, W, C), float32
    superpixels : ndarray of shape (H, W), int32
        What it was built from, for those who want to look at it.
    """

    pixels: torch.Tensor
    shape: tuple
    pooling: SoftmaxPooling
    adjacency: SparseOperator
    affinity: SparseOperator
    inside: np.ndarray | None = None
    weight: torch.Tensor | None = None
    labels: torch.Tensor | None = None
    scribbles: torch.Tensor | None = None
    scaled: np.ndarray | None = None
    superpixels: np.ndarray | None = None

    @classmethod
    def build(
        cls, scaled, superpixels, graph, *, tau, device, resolution, position=0.0
    ):
        """Build from arrays.

        Parameters
        ----------
        scaled : ndarray of shape (H, W, C), float32
            As `SuperpixelTransformer.normalize` returns it.
        superpixels : ndarray of shape (H, W), int32
        graph : RegionGraph
        tau : float
            Decay of the weights for continuity.
        device : torch.device
        resolution, position : float
            See `to_grid`.
        """
        pixels = to_grid(scaled, resolution, position)
        sides = tuple(pixels.shape[-2:])
        inside, weight = superpixels >= 0, None
        if not inside.all():
            weight = to_grid(inside[..., np.newaxis].astype(np.float32), resolution)
            weight = weight.to(device)
        return cls(
            pixels.to(device),
            superpixels.shape,
            SoftmaxPooling(pooling_matrix(superpixels, sides), sides, device),
            SparseOperator(graph.adjacency(tau), device),
            SparseOperator(graph.affinity(), device),
            inside=None if weight is None else inside,
            weight=weight,
            scaled=scaled,
            superpixels=superpixels,
        )

    def label_map(self):
        """Labels of the pixels of the original, (H, W), -1 outside a mask."""
        # The last one is what the index -1 finds.
        return np.append(self.labels.cpu().numpy(), -1)[self.superpixels]

    def places(self, rows, columns):
        """Superpixels of pixels of the original, -1 if void, and how many there are."""
        return self.superpixels[rows, columns], int(self.superpixels.max()) + 1

    def pool(self, pixels):
        """Means of the superpixels, (N, k), of values of the pixels, (h * w, k)."""
        return self.pooling @ pixels


@dataclass(eq=False)
class PixelImage:
    """One training image whose pixels are clustered themselves, on the device.

    Attributes
    ----------
    pixels : tensor of shape (1, C, h, w)
    shape : (int, int)
        Height and width of the original image.
    affinity : WindowOperator of shape (h * w, h * w) or None
        Weights of the pixels nearby for the normalised cut.
    labels : tensor of shape (h * w,) or None
        Labels of the pixels when the net last saw the image.
    scribbles : tensor of shape (h * w,), int64, or None
        Labels that pixels shall have, -1 where unknown, if there are scribbles.
    scaled : ndarray of shape (H, W, C), float32
        What it was built from, for those who want to look at it.
    """

    pixels: torch.Tensor
    shape: tuple
    affinity: WindowOperator | None
    labels: torch.Tensor | None = None
    scribbles: torch.Tensor | None = None
    scaled: np.ndarray | None = None

    # Without superpixels there is no mask.
    inside = weight = None

    @classmethod
    def build(cls, scaled, *, with_affinity, device, **grid):
        """Build from an array.

        Parameters
        ----------
        scaled : ndarray of shape (H, W, C), float32
            As `SuperpixelTransformer.normalize` returns it.
        with_affinity : bool
            Whether the normalised cut is in use.
        device : torch.device
        **grid
            ``resolution`` and ``position``, see `to_grid`.
        """
        pixels = to_grid(scaled, **grid).to(device)
        affinity = None
        if with_affinity:
            # Without the position, which the affinity has already.
            image = pixels[0, : scaled.shape[-1]].permute(1, 2, 0)
            affinity = pixel_affinity(image)
        return cls(pixels, scaled.shape[:2], affinity, scaled=scaled)

    def label_map(self):
        """Labels of the pixels of the original, (H, W)."""
        grid = self.labels.reshape(1, 1, *self.pixels.shape[-2:]).float()
        labels = interpolate(grid, size=self.shape, mode="nearest-exact")
        return labels[0, 0].long().cpu().numpy()

    def places(self, rows, columns):
        """Where pixels of the original lie on the grid, and how many places it has."""
        height, width = self.pixels.shape[-2:]
        rows = rows * height // self.shape[0]
        return rows * width + columns * width // self.shape[1], height * width

    def pool(self, pixels):
        """Return the values of the pixels, of which each stands for itself."""
        return pixels


@dataclass(eq=False)
class TrainingBatch:
    """One step: whole images for the segmentation losses, patches to reconstruct.

    Attributes
    ----------
    images : list of GraphImage or PixelImage
    patches : list of tensor of shape (n, C, h, w)
        One tensor for every shape.
    weights : list of tensor of shape (n, 1, h, w) or None
        Share of every pixel of the patches that is inside, where there are masks.
    """

    images: list
    patches: list
    weights: list | None = None

    def __len__(self):
        return len(self.images)


class TrainingSet(Dataset):
    """Batches of one epoch, drawn anew every time it is iterated over.

    Parameters
    ----------
    images : list of GraphImage or PixelImage
    sampler : PatchSampler or None
        None for a net that does not learn from patches.
    batches_per_epoch : int
        Steps of an epoch; every step has one whole image, and every image has a step.
    rng : numpy.random.Generator
    warn : bool
        Whether to warn of patches larger than an image.
    """

    def __init__(self, images, sampler, *, batches_per_epoch, rng, warn=False):
        self.images = images
        self.sampler = sampler
        self.n_batches = max(batches_per_epoch, len(images))
        self.rng = rng
        self.warn = warn
        self.finished = False

    def skip(self, n_epochs):
        """Draw what was drawn in earlier epochs already, so that others follow."""
        for _ in range(n_epochs):
            self._order()
            self._draws(warn=False)

    def finish(self):
        """End the present epoch after the present batch."""
        self.finished = True

    def __len__(self):
        return self.n_batches

    def __iter__(self):
        order = self._order()
        self.finished = False
        batches = self._draws(self.warn)
        # One warning is enough for a training.
        self.warn = False
        for index, draws in zip(order, batches, strict=True):
            if self.finished:
                return
            yield TrainingBatch(
                [self.images[index]],
                [self._cut(draw) for draw in draws],
                self._cut_weights(draws),
            )

    def _order(self):
        # A random offset, so that no image is always among those with a step more.
        turns = np.arange(self.n_batches) + self.rng.integers(len(self.images))
        return self.rng.permutation(turns % len(self.images))

    def _draws(self, warn):
        if self.sampler is None:
            return [[]] * self.n_batches
        draws = self.sampler.draw(
            [image.shape for image in self.images],
            self.rng,
            n_batches=self.n_batches,
            grid_shapes=[tuple(image.pixels.shape[-2:]) for image in self.images],
            within=[image.inside for image in self.images],
            warn=warn,
        )
        return draws if self.n_batches > 1 else [draws]

    def _cut(self, draw):
        return _gather(draw, [image.pixels for image in self.images])

    def _cut_weights(self, draws):
        if all(image.weight is None for image in self.images):
            return None
        weights = [
            torch.ones_like(image.pixels[:, :1])
            if image.weight is None
            else image.weight
            for image in self.images
        ]
        return [_gather(draw, weights) for draw in draws]


def _gather(draw, tensors):
    """Cut a batch of patches from tensors of shape (1, C, h, w)."""
    grids = [tensor[0].permute(1, 2, 0) for tensor in tensors]
    return torch.cat(draw.gather(grids)).permute(0, 3, 1, 2)
