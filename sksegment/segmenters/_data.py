"""What a net is trained on, from the images as checked to the tensors it sees."""

from dataclasses import dataclass

from sksegment._agreement import regions_without_a_net
from sksegment._preparation import PreparedImages, PreparedPixels
from sksegment._scribbles import NO_SCRIBBLES, Scribbles
from sksegment._validation import ImageBatch

__all__ = ["TrainingData"]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Images, and what is made of them for one training.

    Attributes
    ----------
    batch : ImageBatch
        As they were checked.
    prepared : PreparedImages or PreparedPixels
        What does not depend on the net.
    on_device : list of GraphImage or PixelImage
        What the net sees.
    hints : Scribbles
    statistics_before : list of (tensor, tensor) or None
        Of the batch norms of a net whose training goes on; None for a new one.
    """

    batch: ImageBatch
    prepared: PreparedImages | PreparedPixels
    on_device: list
    hints: Scribbles = NO_SCRIBBLES
    statistics_before: list | None = None

    @property
    def goes_on(self):
        """Whether it is the net of the estimator that is trained, not a new one."""
        return self.statistics_before is not None

    def regions_without_a_net(self):
        """Regions of the images, in the form of these, to compare labels with."""
        found, rgb = self.prepared, self.prepared.scale.rgb
        return self.batch.pack(
            regions_without_a_net(found.scaled, found.fields, rgb=rgb)
        )
