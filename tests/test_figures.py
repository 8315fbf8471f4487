"""Figures in the documents are those of the files that were measured."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import figures  # noqa: E402
from _quotes import QUOTES  # noqa: E402
from _tables import TABLES, read  # noqa: E402


def test_every_table_stands_in_one_document():
    texts = [path.read_text() for path in figures.documents()]
    found = [name for text in texts for name in figures.names_in(text)]
    assert sorted(found) == sorted(TABLES)


@pytest.mark.parametrize("path", figures.documents(), ids=lambda path: path.stem)
def test_tables_are_what_was_measured(path):
    text = path.read_text()
    assert figures.renew(text) == text, "run make figures"


@pytest.mark.parametrize(("page", "quote"), QUOTES)
def test_figures_in_sentences_are_what_was_measured(page, quote):
    assert quote() in " ".join((ROOT / page).read_text().split())


def test_as_many_are_compared_as_the_promise_says():
    promise = (ROOT / "docs" / "reliability.md").read_text()
    assert f"| {len(TABLES)} tables |" in promise
    assert f"| {len(QUOTES)} sentences |" in promise


def test_a_figure_that_differs_is_found():
    seconds = str(read("layers")["seconds"]["predict"])
    page = next(p for p in figures.documents() if p.stem == "performance")
    wrong = page.read_text().replace(f"| {seconds} |", "| 0.0001 |")
    assert figures.renew(wrong) == page.read_text() != wrong
