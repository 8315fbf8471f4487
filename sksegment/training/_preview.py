"""Pictures of the labels while a net is trained."""

import contextlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from skorch.callbacks import Callback

from sksegment._output_files import write_image
from sksegment._pictures import displayable, overlay
from sksegment._warn import warn_user
from sksegment.training._watch import watch_training

__all__ = ["Preview"]

_MAX_IMAGES, _MAX_SIDE = 4, 512
_GAP, _CAPTION = 4, 20


class Preview(Callback):
    """Write a picture of the labels every so many epochs of all trainings within.

    The first training images, up to four, stand one below the other, their lightness
    beside their labels. What is trained is the same as without it.

    Parameters
    ----------
    folder : str or path-like
        Gets ``01_epoch_003.png`` for the third epoch of the first training, and so on,
        and ``latest.png``, which a viewer of pictures may be left open on.
    every : int, default=1
        Number of epochs between pictures; there is one of the first epoch.

    Raises
    ------
    ValueError
        If ``every`` is below 1.
    OSError
        If the folder cannot be made. What goes wrong later is a warning: no training is
        lost for a picture.

    Notes
    -----
    It sees the trainings of its own thread, and not those in other processes. Labels
    are not numbered by brightness before the end of the training, so their colours are
    not those of the final labels.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skimage.data import coins
    >>> from sksegment import SparseWNetSegmenter
    >>> from sksegment.training import Preview
    >>> model = SparseWNetSegmenter(max_epochs=3, base_channels=4, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Preview(folder, every=2):
    ...         model = model.fit([coins()[::4, ::4]])
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['01_epoch_001.png', '01_epoch_003.png', 'latest.png']
    """

    def __init__(self, folder, every=1):
        if every < 1:
            raise ValueError(f"every={every} must be 1 or more")
        self.folder = Path(folder)
        self.every = every
        self.n_trainings_ = 0
        self._watching = contextlib.ExitStack()

    def __enter__(self):
        """Begin to watch the trainings of this thread."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._watching.enter_context(watch_training(self))
        return self

    def __exit__(self, *error):
        """Watch no longer."""
        self._watching.close()

    def on_train_begin(self, net, **kwargs):
        """Count the trainings, and the epochs of this one."""
        self.n_trainings_ += 1
        self.n_epochs_ = 0

    def on_epoch_end(self, net, dataset_train=None, **kwargs):
        """Write a picture, if it is time."""
        self.n_epochs_ += 1
        if (self.n_epochs_ - 1) % self.every:
            return
        row = net.history[-1]
        name = f"{self.n_trainings_:02d}_epoch_{row['epoch']:03d}.png"
        caption = f"epoch {row['epoch']} | loss {row['train_loss']:.4f} | "
        caption += f"{row.get('n_labels', '?')} labels"
        picture = _compose(dataset_train.images[:_MAX_IMAGES], caption)
        try:
            write_image(self.folder / name, picture)
            write_image(self.folder / "latest.png", picture)
        except OSError as error:
            warn_user(f"no preview: {error}")


def _compose(images, caption):
    """Rows of image and labels below a caption, uint8."""
    rows = [_pair(image) for image in images if image.labels is not None]
    width = max(row.shape[1] for row in rows)
    strip = Image.new("RGB", (width, _CAPTION), "white")
    ImageDraw.Draw(strip).text((4, 4), caption, "black")
    padded = [
        np.pad(row, ((0, _GAP), (0, width - row.shape[1]), (0, 0)), constant_values=255)
        for row in rows
    ]
    return np.concatenate([np.asarray(strip), *padded])


def _pair(image):
    """Lightness beside labels, uint8."""
    scaled = image.scaled
    # Of colour, the first channel is the lightness.
    grey = scaled[..., 0] if scaled.shape[-1] == 3 else scaled
    left, right = displayable(grey), overlay(grey, image.label_map())
    left, right = (_shrink(picture.astype(np.uint8)) for picture in (left, right))
    gap = np.full((left.shape[0], _GAP, 3), 255, np.uint8)
    return np.concatenate([left, gap, right], axis=1)


def _shrink(picture):
    small = Image.fromarray(picture)
    small.thumbnail((_MAX_SIDE, _MAX_SIDE))
    return np.asarray(small)
