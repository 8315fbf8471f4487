"""Links from pages to the repository around them, which the site does not hold.

Files that are linked to, scripts and rows of runs, become downloads by themselves; the
README is the front page here, and of other pages and folders the name remains.
"""

import re
from pathlib import Path

_LINK = re.compile(r"\[([^\]]*)\]\((\.\./[^)#]*)(?:#[^)]*)?\)")


def _replace(app, docname, source):
    folder = Path(app.env.doc2path(docname)).parent

    def inside(match):
        label, target = match.groups()
        path = (folder / target).resolve()
        # What is not there stays a link, of which Sphinx warns.
        if path.is_relative_to(app.srcdir) or not path.exists():
            return match.group()
        if path.name == "README.md":
            return f"[{label}](/index.md)"
        is_download = path.is_file() and path.suffix != ".md"
        return match.group() if is_download else label

    source[0] = _LINK.sub(inside, source[0])


def setup(app):
    """Look at every page when it is read."""
    app.connect("source-read", _replace)
    return {"parallel_read_safe": True}
