"""The pages say what there is: every public name, and code that runs."""

import re
import runpy
import shlex
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import sksegment
from sksegment.cli import make_parser

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE = (DOCS / "api" / "index.rst").read_text()
SECTIONS = dict(
    re.findall(
        r"currentmodule:: (\S+)\n(.*?)(?=\n\.\. currentmodule|\Z)", REFERENCE, re.S
    )
)
PAGES = sorted(DOCS.glob("guide/*.md"))
ROOT = DOCS.parent
WRITTEN = sorted([*ROOT.glob("*.md"), *ROOT.glob("examples/*.md"), *DOCS.rglob("*.md")])
check_links = runpy.run_path(str(DOCS / "check_links.py"))["main"]
NEEDED = {"benchmarking", "baselines", "presets"}  # parts that others show


@pytest.mark.parametrize("module", SECTIONS)
def test_reference_lists_all_public_names(module):
    listed = re.findall(r"^   (\w+)$", SECTIONS[module], re.M)
    public = [name for name in import_module(module).__all__ if name != "__version__"]
    assert sorted(listed) == sorted(public)


def test_reference_has_all_public_modules():
    shown = {name.removeprefix("sksegment.") for name in SECTIONS} - {"sksegment"}
    assert shown == sksegment._MODULES - NEEDED


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_of_the_guide_is_python(page):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.S)
    for block in blocks:
        compile(block, page.name, "exec")
        for module, names in re.findall(r"from (sksegment\S*) import ([\w, ]+)", block):
            for name in names.split(", "):
                assert hasattr(import_module(module), name)


def test_the_tree_in_the_architecture_has_every_file_and_folder():
    page = (DOCS / "architecture.md").read_text()
    shown = set(re.findall(r"\w+", page.partition("## Why it is so")[0]))
    found = Path(sksegment.__file__).parent.iterdir()
    names = {path.stem for path in found if path.suffix in ("", ".py")}
    assert names - shown <= {"__init__", "__main__", "__pycache__"}


def commands_of(page):
    """Lines of a page that call the command line, as a shell splits them."""
    blocks = re.findall(r"^```(\S*)\n(.*?)^```$", page.read_text(), re.S | re.M)
    plain = "".join(block for language, block in blocks if not language)
    lines = plain.replace("\\\n", " ").split("\n")
    return [
        shlex.split(line, comments=True)[1:]
        for line in lines
        if line.startswith("sksegment ") and "COMMAND" not in line
    ]


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_documents_are_understood(page):
    for words in commands_of(page):
        make_parser().parse_args(words)


def test_the_readme_names_commands():
    assert len(commands_of(ROOT / "README.md")) > 10


def test_the_first_commands_have_what_photographs_and_slices_need():
    for text in (make_parser().format_help(), (ROOT / "README.md").read_text()):
        assert re.search("segment segment photo.jpg .*--assignment region", text)
        assert re.search("segment segment slices/ .*--classes auto", text)


def test_a_loss_of_ones_own_goes_to_the_history(make_image, make_segmenter):
    page = (DOCS / "guide" / "extending.md").read_text()
    (block,) = re.findall(r"```python\n(from sksegment.losses.*?)```", page, re.S)
    names = {"SparseWNetSegmenter": sksegment.SparseWNetSegmenter}
    exec(block, names)
    params = make_segmenter().get_params(deep=False)
    model = names["BalancedSegmenter"](**params).fit([make_image()])
    assert np.isfinite(model.history_[-1]["balance"])


def anchors(path):
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    kept = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_in_the_repository_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|/index|\.\./auto_examples|auto_examples", target):
            continue  # elsewhere, or made with the site
        name, _, anchor = target.partition("#")
        goal = (page.parent / name).resolve() if name else page
        assert goal.exists(), target
        assert not anchor or anchor in anchors(goal), target


def test_bad_links_of_the_site_are_found(tmp_path, capsys):
    (tmp_path / "a.html").write_text('<h1 id="top"><a href="b.html#here">b</a></h1>')
    other = tmp_path / "b.html"
    other.write_text('<p id="here"><a href="https://e.org"></a><a href="a.html#top">')
    assert check_links(tmp_path) == 0
    other.write_text('<a href="c.html"></a><a href="a.html#up"></a><img src="/x/y">')
    assert check_links(tmp_path) == 1
    other.write_text('<p id="here"><script src="https://e.org/math.js"></script>')
    assert check_links(tmp_path) == 1
    told = capsys.readouterr().out
    for fault in (
        "b.html: no file for c.html",
        "b.html: no anchor for a.html#up",
        "b.html: no file for /x/y",
        "a.html: no anchor for b.html#here",
        "b.html: loads https://e.org/math.js",
    ):
        assert fault in told
