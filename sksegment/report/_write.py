"""One HTML file from a model and images."""

import datetime
import importlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sksegment._final import final_step, gives_regions, names_of_classes
from sksegment._output_files import replacing
from sksegment._palette import label_colors
from sksegment._pictures import display_limits
from sksegment._typing import ClassNames, Images, PathLike
from sksegment._uncertainty import uncertainty
from sksegment._validation import check_images
from sksegment._versions import versions
from sksegment.report._classes import class_table
from sksegment.report._facts import facts, parameters, seed_of
from sksegment.report._losses import loss_table, losses_svg
from sksegment.report._pictures import (
    encode_image,
    encode_labels,
    encode_uncertainty,
    sample,
)
from sksegment.report._regions import LEVELS, encode_regions

__all__ = ["write_report"]

# Of an image in the report, in pixels; what is larger is shrunk, numbers are not.
_MAX_SIDE = 1024
_N_COLORS = 256
# Of an image whose uncertainty is shown: shares of all classes are held in memory.
_MAX_PIXELS_OF_SHARES = 2**22


def write_report(
    model: Any,
    X: Images,
    path: PathLike,
    *,
    titles: Sequence[str] | None = None,
    names: ClassNames | None = None,
) -> None:
    """Write what a model does with images to one HTML file.

    The file holds everything, loads nothing from elsewhere, and works in any browser
    from 2023 on: every image beside its labels, with sliders for the strength of the
    tint and, where the model has a ``hierarchy``, for the number of regions; classes to
    switch on and off; where the model has a ``predict_proba``, how undecided classes
    are; tables of their areas and intensities; the losses; parameters, versions, seed,
    and times.

    Parameters
    ----------
    model : estimator
        A fitted segmenter, or a pipeline that ends with one.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
        Images to show; a dozen is plenty. Those with a side above 1024 pixels are shown
        smaller; areas and intensities are always those of all pixels. Uncertainty is
        that of images of 4 megapixels at most.
    path : str or path-like
        By convention with the suffix ``.html``.
    titles : sequence of str, optional
        Titles of the images; "image 0", and so on, by default.
    names : dict of int to str, or sequence of str, optional
        Names of classes; by default ``class_names_`` of the model, or their numbers.

    Raises
    ------
    ImportError
        If Jinja2 or matplotlib is not installed.
    ValueError
        If an image cannot be used, or there are not as many titles as images.
    OSError
        If the file cannot be written; one that was there before is still whole.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skimage.data import coins
    >>> from sksegment import KMeansPixelSegmenter
    >>> from sksegment.report import write_report
    >>> images = [coins()[::4, ::4]]
    >>> model = KMeansPixelSegmenter(2, random_state=0).fit(images)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "report.html"
    ...     write_report(model, images, path, titles=["coins"], names=["desk", "coin"])
    ...     path.read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
    """
    template = _template()
    images = _check(model, X)
    titles = [f"image {i}" for i in range(len(images))] if titles is None else titles
    if len(titles) != len(images):
        raise ValueError(f"{len(titles)} titles of {len(images)} images")
    names = names_of_classes(model) if names is None else names
    shown = _look(model, images)
    page = template.render(
        **_about(model, shown),
        classes=class_table(images, [each["labels"] for each in shown], names),
        images=[
            {
                "title": title,
                "shape": image.shape,
                "picture": each["picture"],
                "uncertainty": each["uncertainty"],
                "classes": class_table([image], [each["labels"]], names),
            }
            for title, image, each in zip(titles, images, shown, strict=True)
        ],
        data=_data(shown),
    )
    with replacing(Path(path)) as file:
        file.write(page.encode())


def _check(model, X):
    """Check images, of which a mask without steps before it may leave out NaN."""
    final = final_step(model)
    is_first = final is model or len(model) == 1
    return check_images(
        X, field=getattr(final, "_field", None) if is_first else None
    ).images


def _template():
    try:
        jinja2 = importlib.import_module("jinja2")
        importlib.import_module("matplotlib")
    except ImportError as error:
        raise ImportError(
            f"{error.name} is needed for reports; install it with: "
            'pip install "sksegment[report]"'
        ) from error
    loader = jinja2.PackageLoader("sksegment.report", "page")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["color"] = _hex_color
    environment.filters["number"] = "{:.4g}".format
    return environment.get_template("report.html")


def _look(model, images):
    """Labels, regions and pictures of all images, with the time each has taken."""
    samples = [sample(image, _MAX_SIDE) for image in images]
    limits = display_limits(samples)
    found = []
    for image in images:
        start = time.perf_counter()
        final, seen = _last_step(model, image)
        labels = final.predict(seen)[0]
        seconds = time.perf_counter() - start
        tree = final.hierarchy(seen)[0] if hasattr(final, "hierarchy") else None
        found.append(
            {
                "labels": labels,
                "regions": None if tree is None else encode_regions(tree, _MAX_SIDE),
                "picture": encode_image(image, limits, _MAX_SIDE),
                "uncertainty": _uncertainty(final, image, seen),
                "seconds": seconds,
            }
        )
    return found


def _last_step(model, image):
    """Segmenter at the end of a pipeline, or the model, and the image it is given."""
    final, images = final_step(model), [image]
    if final is not model and len(model) > 1:
        images = model[:-1].transform(images)
    if hasattr(final, "_for_one_image"):
        final = final._for_one_image(np.shape(images[0]))
    return final, images


def _uncertainty(final, image, seen):
    """Picture of how undecided classes are; None where that cannot be told."""
    n_pixels = image.shape[0] * image.shape[1]
    if n_pixels > _MAX_PIXELS_OF_SHARES or gives_regions(final):
        return None
    if not hasattr(final, "predict_proba"):
        return None
    return encode_uncertainty(uncertainty(final.predict_proba(seen)[0]), _MAX_SIDE)


def _about(model, shown):
    """What the report says of the model."""
    final = final_step(model)
    history = list(getattr(final, "history_", []))
    seconds = [each["seconds"] for each in shown]
    # Numbers that start anew in every image are regions, not classes.
    per_image = gives_regions(model)
    return {
        "model": type(final).__name__,
        "created": datetime.datetime.now().astimezone().isoformat(" ", "minutes"),
        "facts": facts(final, history, float(np.mean(seconds))),
        "seed": seed_of(final),
        "parameters": parameters(model),
        "versions": versions(),
        "losses": losses_svg(history),
        "history": loss_table(history),
        "per_image": per_image,
        "noun": "region" if per_image else "class",
        "nouns": "regions" if per_image else "classes",
        "levels": LEVELS if any(each["regions"] for each in shown) else (),
    }


def _data(shown):
    """What the scripts of the page draw from."""
    palette = label_colors(_N_COLORS)
    return {
        "palette": "".join(map(_hex, palette.tolist())),
        "levels": LEVELS,
        "images": [
            {
                "labels": encode_labels(each["labels"], _MAX_SIDE),
                "regions": each["regions"],
            }
            for each in shown
        ],
    }


def _hex_color(label):
    return f"#{_hex(label_colors(label + 1)[label].tolist())}"


def _hex(rgb):
    return bytes(rgb).hex()
