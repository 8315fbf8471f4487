"""Connected components of a volume that comes slice by slice, and their sums."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label

from sksegment.postprocessing._label_slices import LARGEST_ID, VOID

__all__ = ["measure_components"]

# How the values of two pieces become those of the component they are both part of.
_LEAST = ("class", "object", "first", "start_z", "start_y", "start_x")
_GREATEST = ("stop_z", "stop_y", "stop_x")


def measure_components(slices):
    """Measure the connected components of equal labels, or given objects.

    Two voxels of one class are connected where they share a face. A component is
    known as soon as a slice has no part of it, so only those of the last slice are
    kept in work: the memory is that of two slices and of one row a component.

    Parameters
    ----------
    slices : iterable of LabelSlice

    Returns
    -------
    table : dict of ndarray of shape (n,)
        Rows in the order of the first voxels: ``class``, ``n_voxels``; ``sum_z``,
        ``sum_y``, ``sum_x`` of the coordinates; the half-open box ``start_z``,
        ``stop_z``, ...; ``faces_z``, ``faces_y``, ``faces_x``, the voxel faces with
        that normal towards anything else, void and outside too; ``intensity``, the sum
        over the image, if there is one; ``object``, the number of the object or 0, if
        there are some.
    shape : (int, int, int)
        That of the volume.

    Raises
    ------
    ValueError
        If an object is in two classes.
    """
    finished, front = [], None
    for z, part in enumerate(slices):
        piece = _pieces(part, z)
        if front is None:
            front = _pieces(_empty(part), -1)
        done, front = _join(front, piece)
        finished.append(done)
    # A slice of nothing but void ends every component.
    finished.append(_join(front, _pieces(_empty(part), z + 1))[0])
    table = _concatenate(finished)
    if "object" in table:
        table = _whole_objects(table)
    order = np.argsort(table.pop("first"))
    table = {name: values[order] for name, values in table.items()}
    return table, (z + 1, *part.labels.shape)


def _empty(part):
    return part._replace(labels=np.full_like(part.labels, VOID))


def _whole_objects(table):
    """Unite the pieces of each object, which need not touch."""
    is_object = table["object"] > 0
    numbers, group = np.unique(table["object"][is_object], return_inverse=True)
    n_objects, n_groups = len(numbers), len(numbers) + np.count_nonzero(~is_object)
    classes = table["class"][is_object]
    united = np.full(n_objects, -1)
    united[group] = classes
    if (united[group] != classes).any():
        number = numbers[group[united[group] != classes][0]]
        its_classes = np.unique(table["class"][table["object"] == number])
        raise ValueError(
            f"object {number} is in the classes {', '.join(map(str, its_classes))}; "
            "an object is of one class, so number its parts apart"
        )
    groups = np.empty(len(is_object), np.int64)
    groups[is_object], groups[~is_object] = group, np.arange(n_objects, n_groups)
    return _merge(table, groups, n_groups)


@dataclass
class _Front:
    """A slice, the rows of its pixels in the table (-1 where void), and the table.

    What belongs together has the same key, -1 where void.
    """

    keys: np.ndarray
    rows: np.ndarray
    table: dict

    @property
    def n_rows(self):
        return len(self.table["class"])

    def add_faces(self, exposed):
        rows = self.rows[exposed]
        self.table["faces_z"] += np.bincount(rows[rows >= 0], minlength=self.n_rows)


def _join(front, piece):
    """Join the components so far with the pieces of the next slice.

    Returns the table of the components that have ended, and the new front.
    """
    differs = front.keys != piece.keys
    front.add_faces(differs)
    piece.add_faces(differs)
    joined = ~differs & (piece.keys != VOID)
    above, below = front.rows[joined], front.n_rows + piece.rows[joined]
    n_nodes = front.n_rows + piece.n_rows
    links = coo_array((np.ones(len(above), bool), (above, below)), (n_nodes, n_nodes))
    n_groups, group = connected_components(links, directed=False)
    table = _merge(_concatenate([front.table, piece.table]), group, n_groups)
    goes_on = np.zeros(n_groups, bool)
    goes_on[group[front.n_rows :]] = True
    # The last entry is for void, whose row is -1.
    row_of_piece = np.r_[(np.cumsum(goes_on) - 1)[group[front.n_rows :]], -1]
    done = {name: values[~goes_on] for name, values in table.items()}
    kept = {name: values[goes_on] for name, values in table.items()}
    return done, _Front(piece.keys, row_of_piece[piece.rows], kept)


def _concatenate(tables):
    return {
        name: np.concatenate([table[name] for table in tables]) for name in tables[0]
    }


def _merge(table, group, n_groups):
    merged = {}
    for name, values in table.items():
        if name in _LEAST:
            merged[name] = np.full(n_groups, np.iinfo(np.int64).max)
            np.minimum.at(merged[name], group, values)
        elif name in _GREATEST:
            merged[name] = np.zeros(n_groups, np.int64)
            np.maximum.at(merged[name], group, values)
        else:
            # Sums of whole numbers stay exact in float64 up to 2**53.
            merged[name] = np.bincount(group, weights=values, minlength=n_groups)
    return merged


def _pieces(part, z):
    """Connected components of one slice."""
    labels, objects, image = part
    keys = _keys(labels, objects)
    components, n = label(keys, background=VOID, connectivity=1, return_num=True)
    width = labels.shape[1]
    flat = components.ravel()

    def total(values=None):
        return np.bincount(flat, values, minlength=n + 1)[1:].astype(float)

    def extreme(function, values):
        found = np.full(n + 1, values[0])
        found[flat] = values
        function.at(found, flat, values)
        return found[1:]

    index = np.arange(labels.size)
    y, x = np.divmod(index, width)
    first = extreme(np.minimum, index)
    table = {
        "class": extreme(np.minimum, labels.ravel()),
        "first": first + z * labels.size,
        "n_voxels": total(),
        "sum_z": z * total(),
        "sum_y": total(y),
        "sum_x": total(x),
        "faces_z": np.zeros(n),
        "faces_y": total(_exposed(keys).ravel()),
        "faces_x": total(_exposed(keys.T).T.ravel()),
        "start_z": np.full(n, z),
        "start_y": first // width,
        "start_x": extreme(np.minimum, x),
        "stop_z": np.full(n, z + 1),
        "stop_y": extreme(np.maximum, index) // width + 1,
        "stop_x": extreme(np.maximum, x) + 1,
    }
    if image is not None:
        table["intensity"] = total(image.ravel())
    if objects is not None:
        table["object"] = extreme(np.minimum, objects.ravel())
    return _Front(keys, components - 1, table)


def _keys(labels, objects):
    """Numbers that are equal where both the class and the object are."""
    if objects is None:
        return labels
    return np.where(labels == VOID, VOID, labels * (LARGEST_ID + 1) + objects)


def _exposed(keys):
    """How many of the two faces along the first axis border on something else."""
    differs = np.ones((len(keys) + 1, keys.shape[1]), np.int8)
    differs[1:-1] = keys[1:] != keys[:-1]
    return differs[1:] + differs[:-1]
