"""Look at every link and picture of the built site that points into the site.

python docs/check_links.py docs/_build/html

A target that is not there, file or anchor, is printed, and so is anything that a
browser would load from elsewhere, since the site has to work without a network; the
exit code is then 1. Links to elsewhere are loaded on a click only, and not looked at.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {("img", "src"), ("script", "src"), ("source", "src"), ("iframe", "src")}


class Page(HTMLParser):
    """Anchors of a page, and what it points at."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.loaded = set(), [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        """Collect identifiers and targets."""
        attributes = dict(attrs)
        self.anchors |= {attributes.get("id"), attributes.get("name")} - {None}
        for name in ("href", "src"):
            target = attributes.get(name)
            if target is None:
                continue
            self.links.append(target)
            is_stylesheet = tag == "link" and attributes.get("rel") == "stylesheet"
            if (tag, name) in LOADS or is_stylesheet:
                self.loaded.append(target)


def is_elsewhere(target):
    """Whether a link has a host or a scheme of its own."""
    parts = urlsplit(target)
    return bool(parts.scheme or parts.netloc)


def faults(path, page, pages):
    """Yield what is wrong with the links of one page."""
    for target in page.loaded:
        if is_elsewhere(target) and not target.startswith("data:"):
            yield f"loads {target}"
    for target in page.links:
        if is_elsewhere(target):
            continue
        parts = urlsplit(target)
        goal = path
        if parts.path:
            goal = (path.parent / unquote(parts.path)).resolve()
        if goal.is_dir():
            goal /= "index.html"
        anchor = unquote(parts.fragment)
        if not goal.exists():
            yield f"no file for {target}"
        elif anchor and goal in pages and anchor not in pages[goal].anchors:
            yield f"no anchor for {target}"


def main(site):
    """Print all faults; return the exit code."""
    root = Path(site).resolve()
    paths = [path for path in root.rglob("*.html") if "_static" not in path.parts]
    pages = {path: Page(path) for path in sorted(paths)}
    n_links = sum(len(page.links) for page in pages.values())
    found = [
        f"{path.relative_to(root)}: {fault}"
        for path, page in pages.items()
        for fault in faults(path, page, pages)
    ]
    print("\n".join([*found, f"{len(pages)} pages, {n_links} links, {len(found)} bad"]))
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
