"""Write the tables of the documents anew from the files in ``results``.

python benchmarks/figures.py

A table stands between ``<!-- figures: NAME -->`` and ``<!-- end of figures -->``; the
names are those in ``_tables.py``.
"""

import re
from pathlib import Path

from _tables import TABLES

DOCS = Path(__file__).parents[1] / "docs"
_PLACE = re.compile(
    r"(<!-- figures: (?P<name>[^>]+) -->\n\n).*?(\n\n<!-- end of figures -->)", re.S
)


def renew(text):
    """Put the tables of today between the marks."""
    return _PLACE.sub(lambda place: place[1] + TABLES[place["name"]]() + place[3], text)


def names_in(text):
    """Names of the tables that a document has."""
    return [place["name"] for place in _PLACE.finditer(text)]


def documents():
    """Documents that have any."""
    return [path for path in sorted(DOCS.rglob("*.md")) if names_in(path.read_text())]


if __name__ == "__main__":
    for path in documents():
        before = path.read_text()
        path.write_text(renew(before))
        print(f"{path}: {'changed' if renew(before) != before else 'as it was'}")
