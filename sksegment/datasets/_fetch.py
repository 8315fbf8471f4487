"""Download of the Berkeley Segmentation Dataset."""

import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

from sksegment._typing import PathLike
from sksegment.datasets._bsds import PARTS

__all__ = ["fetch_bsds300"]

_ADDRESS = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/"


def fetch_bsds300(data_home: PathLike | None = None) -> Path:
    """Download BSDS300 from Berkeley, unless it is there already.

    Parameters
    ----------
    data_home : str or path-like, optional
        Folder to keep it in. By default the cache folder of the user.

    Returns
    -------
    root : pathlib.Path
        Folder for `load_bsds`.

    Raises
    ------
    ImportError
        If a download is needed and pooch is not installed.
    OSError
        If the download fails; the message says how to place the files by hand.

    Notes
    -----
    No checksums are known, so what arrives is not verified beyond the encrypted
    connection; only plain files are unpacked, and none outside the folder. The images
    are for non-commercial research and education.

    Examples
    --------
    >>> from sksegment.datasets import fetch_bsds300, load_bsds
    >>> data = load_bsds(fetch_bsds300(), "test")  # doctest: +SKIP
    """
    home = _default_home() if data_home is None else Path(data_home).expanduser()
    root = home / "BSDS300"
    missing = [part for part in PARTS if not (root / part).is_dir()]
    for part in missing:
        _fetch_part(_import_pooch(), PARTS[part], home)
    return root


def _import_pooch():
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            "downloads need pooch, which is not installed: "
            'pip install "sksegment[data]"'
        ) from error
    return pooch


def _default_home():
    return Path(_import_pooch().os_cache("sksegment"))


def _fetch_part(pooch, name, home):
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".download-") as folder:
        try:
            # No checksum is known, see the notes of fetch_bsds300.
            archive = pooch.retrieve(
                _ADDRESS + name, known_hash=None, fname=name, path=folder
            )
            _unpack(archive, Path(folder, "unpacked"))
        # Without a network requests raises OSError; pooch raises ValueError as well.
        except (OSError, ValueError, EOFError, tarfile.TarError, zlib.error) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise OSError(
                f"{name} could not be downloaded from {_ADDRESS} ({reason}). To do it "
                f"by hand, download {' and '.join(PARTS.values())} from there and "
                f"unpack both in {home}, so that {home / 'BSDS300' / 'images'} and "
                f"{home / 'BSDS300' / 'human'} exist"
            ) from error
        # Moved when complete, so that a download that was stopped starts again.
        (home / "BSDS300").mkdir(exist_ok=True)
        for entry in sorted(Path(folder, "unpacked", "BSDS300").iterdir()):
            target = home / "BSDS300" / entry.name
            if not target.exists():
                os.replace(entry, target)


def _unpack(archive, folder):
    """Unpack plain files only, none of them outside the folder."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts or "\\" in member.name:
                raise ValueError(f"the archive has a file outside of it: {name}")
            if not member.isfile():
                continue
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with tar.extractfile(member) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)
    if not (folder / "BSDS300").is_dir():
        raise ValueError("the archive has no folder BSDS300")
