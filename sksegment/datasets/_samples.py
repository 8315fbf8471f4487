"""Sample images that are there without a download."""

from skimage import data
from sklearn.utils import Bunch

__all__ = ["sample_images"]

# Only what is part of scikit-image's wheel; the rest of its images is downloaded.
_LOADERS = {
    "astronaut": data.astronaut,
    "chelsea": data.chelsea,
    "coffee": data.coffee,
    "rocket": data.rocket,
    "camera": data.camera,
    "coins": data.coins,
}

_DESCRIPTION = """\
Sample images of scikit-image, part of its installation, free to use (CC0, public
domain, or without known restrictions; see the functions of skimage.data).

In colour: astronaut (512 x 512), chelsea the cat (300 x 451), coffee (400 x 600),
rocket (427 x 640). In grey: camera (512 x 512), coins (303 x 384). There is no ground
truth.
"""


def sample_images() -> Bunch:
    """Get a few images without a download.

    Returns
    -------
    samples : sklearn.utils.Bunch
        With ``images``, a list of uint8 arrays, four of shape (H, W, 3) and then two
        grey ones of shape (H, W), which one model cannot be fitted on together;
        ``names``, a list of str; ``DESCR``, a str.

    Examples
    --------
    >>> from sksegment.datasets import sample_images
    >>> samples = sample_images()
    >>> samples.names
    ['astronaut', 'chelsea', 'coffee', 'rocket', 'camera', 'coins']
    >>> samples.images[samples.names.index("coins")].shape
    (303, 384)
    """
    return Bunch(
        images=[load() for load in _LOADERS.values()],
        names=list(_LOADERS),
        DESCR=_DESCRIPTION,
    )
