"""Where the results of a command go, and whether they may."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sksegment._output_files import check_folder, replacing, write_image, write_pages
from sksegment._tiff_files import is_tiff, leading_axes
from sksegment.plotting import overlay
from sksegment.stacks._tiff_sizes import size_in_file

__all__ = [
    "Outputs",
    "check_free",
    "check_json",
    "check_model_file",
    "output_names",
    "write_json",
]


@dataclass(frozen=True)
class Outputs:
    """Where the results of each input go.

    Attributes
    ----------
    folder : Path
    names : dict of Path to str
        Beginning of the names of all results of an input.
    suffix : str
        Of label maps, ``".png"`` or ``".tif"``.
    with_overlay : bool
    overwrite : bool
        Whether label maps of the other format are removed.
    """

    folder: Path
    names: dict
    suffix: str
    with_overlay: bool
    overwrite: bool

    @classmethod
    def plan(cls, folder, paths, *, suffix, with_overlay, overwrite):
        """Choose names, and refuse places that cannot or must not be written to.

        Raises
        ------
        NotADirectoryError, PermissionError
            If the folder is none, or is read-only.
        ValueError
            If a result would replace an input.
        """
        folder = Path(folder)
        check_folder(folder, "-o")
        names = dict(zip(paths, output_names(paths), strict=True))
        outputs = cls(folder, names, suffix, with_overlay, overwrite)
        inputs = {os.path.realpath(path): path for path in paths}
        for target in (target for path in paths for target in outputs.of(path)):
            if (place := os.path.realpath(target)) in inputs:
                raise ValueError(
                    f"the results would replace the input {inputs[place]}; "
                    "choose another folder with -o"
                )
        return outputs

    def labels_of_all(self):
        """Label maps and overlays, if there are to be any, of all inputs."""
        # One of another format would stay beside the new one.
        endings = ["labels.png", "labels.tif"]
        endings += ["overlay.png"] * self.with_overlay
        return [self.place(path, ending) for path in self.names for ending in endings]

    def of(self, path):
        """All files that may be written for an input."""
        endings = ("labels.png", "labels.tif", "overlay.png", "model.safetensors")
        return [self.place(path, ending) for ending in endings]

    def place(self, path, ending):
        """File of one result of an input."""
        return self.folder / f"{self.names[path]}_{ending}"

    def write(self, path, images, maps):
        """Write labels and overlay of one input."""
        self.folder.mkdir(parents=True, exist_ok=True)
        suffix = self.suffix if len(maps) == 1 else ".tif"
        spacing, unit = size_in_file(path)
        target = self.place(path, f"labels{suffix}")
        # Other files of several images are animations.
        leading = leading_axes(path) if is_tiff(path) else {"T": len(maps)}
        write_pages(target, maps, spacing=spacing, unit=unit, leading=leading)
        if self.overwrite:
            other = ".png" if suffix == ".tif" else ".tif"
            target.with_suffix(other).unlink(missing_ok=True)
        if self.with_overlay:
            middle = len(maps) // 2
            picture = overlay(images[middle], maps[middle])
            write_image(self.place(path, "overlay.png"), picture)


def check_free(targets, *, resumable=False, option="-o"):
    """Refuse to replace results, before anything is done.

    Parameters
    ----------
    targets : iterable of Path
    resumable : bool, default=False
        Whether the command could go on from a model among them.
    option : str, default="-o"
        By which another place is chosen, for messages.

    Raises
    ------
    FileExistsError
        If one of them is there already.
    """
    if found := next(filter(os.path.lexists, targets), None):
        going_on = "go on from its model with --resume, " if resumable else ""
        raise FileExistsError(
            f"{found} exists; choose another place with {option}, {going_on}or replace "
            "it with --overwrite"
        )


def check_json(target, inputs, *, overwrite):
    """Refuse, before the work, a file of ``--json`` that must not be written.

    Parameters
    ----------
    target : Path
    inputs : iterable of Path
        What the command reads.
    overwrite : bool
        Whether a file that exists may be replaced.

    Raises
    ------
    ValueError
        If it is a folder, or an input.
    FileExistsError, NotADirectoryError, PermissionError
        If it is there already, or cannot be written.
    """
    if target.is_dir():
        raise ValueError(f"--json {target} is a folder; name a file, e.g. scores.json")
    # What is there and no file, such as /dev/stdout, is written to as it is.
    if not target.exists():
        check_folder(target.parent, "--json")
    if os.path.realpath(target) in {*map(os.path.realpath, inputs)}:
        raise ValueError(f"--json would replace the input {target}; choose another")
    if target.is_file() and not overwrite:
        check_free([target], option="--json")


def write_json(target, data):
    """Write what `check_json` has let pass, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data, indent=1) + "\n"
    if target.is_symlink() or (target.exists() and not target.is_file()):
        # Such as /dev/stdout, in whose place no file must be put.
        target.write_text(text)
        return
    with replacing(target) as file:
        file.write(text.encode())


def check_model_file(target, paths):
    """Refuse a place where a model must not be written, before the training.

    Raises
    ------
    ValueError
        If it is a folder, or one of the inputs.
    NotADirectoryError, PermissionError
        If it is in a folder that is none, or read-only.
    """
    check_folder(target.parent, "-o")
    if target.is_dir() or os.path.realpath(target) in {*map(os.path.realpath, paths)}:
        raise ValueError(
            f"the model cannot be written to {target}: it is a folder or an input; "
            "name a file, e.g. -o model.safetensors"
        )


def output_names(paths):
    """Name the results of inputs so that none replaces another's.

    Parameters
    ----------
    paths : list of Path

    Returns
    -------
    names : list of str
        The stem where that is enough; with suffix or folder where stems are the same,
        and numbered where this does not help either.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sksegment.cli._outputs import output_names
    >>> output_names([Path("a/x.png"), Path("b/x.png"), Path("b/y.png")])
    ['a_x', 'b_x', 'y']
    """
    groups = {}
    for path in paths:
        groups.setdefault(path.stem.casefold(), []).append(path)
    names, taken = {}, set()
    for path in paths:
        name = stem = _scheme(groups[path.stem.casefold()])(path)
        number = 2
        # Folded, since some file systems do not tell A from a.
        while name.casefold() in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name.casefold())
        names[path] = name
    return [names[path] for path in paths]


def _scheme(same_stem):
    """Shortest way to name the files of one stem apart."""
    for scheme in _SCHEMES:
        if len({scheme(path).casefold() for path in same_stem}) == len(same_stem):
            break
    return scheme


def _folder_of(path):
    return path.absolute().parent.name


_SCHEMES = (
    lambda path: path.stem,
    lambda path: f"{path.stem}_{path.suffix[1:]}",
    lambda path: f"{_folder_of(path)}_{path.stem}",
    lambda path: f"{_folder_of(path)}_{path.stem}_{path.suffix[1:]}",
)
