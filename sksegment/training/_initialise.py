"""Start from a clustering instead of from chance."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from sksegment.losses import UNKNOWN
from sksegment.training._net import MARGIN

__all__ = ["initialise_labels", "name_labels"]

# Mean difference of the two largest logits of a superpixel: soft enough to move.
_LOGIT_MARGIN = 2.0
_NEVER = -20.0
_MAX_SAMPLES = 20_000


@torch.no_grad()
def initialise_labels(net, images, seed):
    r"""Set the last layer of the encoder so that its labels are clusters of k-means.

    With random weights all soft labels are nearly equal, a few of them are the largest
    everywhere, and the similarity loss makes that permanent: two or three labels are
    left. Features of the untrained encoder already tell colours and textures apart, so
    their clusters are a better start. For standardised features u and centres c_k,

    .. math:: z_k = s (2 c_k \cdot u - |c_k|^2)

    is, up to a constant, the negative squared distance to the centre.

    Parameters
    ----------
    net : SegmentationNet
        Untrained.
    images : list of GraphImage or PixelImage
    seed : int
        Seed of the clustering.
    """
    encoder = net.module_.encoder
    net.module_.train()
    features = torch.cat([_pooled_features(encoder, image) for image in images])
    features = features.double().cpu().numpy()
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    centers, sharpness = _clusters(
        (features - mean) / scale, len(encoder.head.bias), seed
    )
    weight = 2.0 * sharpness * centers / scale
    bias = -sharpness * (centers**2).sum(axis=1) - weight @ mean
    bias -= bias.mean()
    missing = len(encoder.head.bias) - len(centers)
    weight = np.pad(weight, ((0, missing), (0, 0)))
    bias = np.pad(bias, (0, missing), constant_values=bias.min() + _NEVER)
    encoder.head.weight.copy_(torch.from_numpy(weight)[:, :, None, None])
    encoder.head.bias.copy_(torch.from_numpy(bias))


def _pooled_features(encoder, image):
    features = encoder.features(image.pixels, MARGIN)[0]
    values = image.pool(features.permute(1, 2, 0).flatten(0, 1))
    # k-means of all pixels of an image would gain nothing.
    return values[:: 1 + len(values) // _MAX_SAMPLES]


def _clusters(features, n_clusters, seed):
    """Centres, and the factor that gives logits the margin wanted."""
    n_clusters = min(n_clusters, len(np.unique(features, axis=0)))
    # A second pool of OpenMP threads, that of scikit-learn, would get in the way of
    # torch's for the next minute: an epoch can take fifty times as long.
    with threadpool_limits(1, user_api="openmp"):
        kmeans = KMeans(n_clusters, n_init=1, random_state=seed).fit(features)
    if n_clusters == 1:
        return kmeans.cluster_centers_, 1.0
    squared = np.sort(kmeans.transform(features) ** 2, axis=1)
    margin = (squared[:, 1] - squared[:, 0]).mean()
    return kmeans.cluster_centers_, _LOGIT_MARGIN / max(margin, 1e-6)


@torch.no_grad()
def name_labels(net, images):
    """Number the labels of a net so that they fit the scribbles best.

    Parameters
    ----------
    net : SegmentationNet
        Untrained: labels are soft, so that all of them have a part everywhere.
    images : list of GraphImage or PixelImage
    """
    n_labels = len(net.module_.encoder.head.bias)
    overlap = np.zeros((n_labels, n_labels))
    net.module_.train()
    for image in images:
        if image.scribbles is None:
            continue
        z = net.module_.encode(image.pixels, MARGIN).float()
        f = image.pool(torch.softmax(z, dim=1)[0].permute(1, 2, 0).flatten(0, 1))
        known = image.scribbles != UNKNOWN
        classes = image.scribbles[known].cpu().numpy()
        np.add.at(overlap, classes, f[known].double().cpu().numpy())
    if overlap.any():
        net.permute_labels(linear_sum_assignment(overlap, maximize=True)[1])
