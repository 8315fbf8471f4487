"""Equations as MathML, which browsers show without a script from elsewhere."""

import re
from html import unescape
from xml.etree import ElementTree

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

_SPACE = "{http://www.w3.org/1998/Math/MathML}"
ElementTree.register_namespace("", _SPACE[1:-1])
_TAG = re.compile(r"\\tag\{(\w+)\}")
# Of the names of characters XML knows few.
_NAMED = re.compile(r"&(?!lt;|gt;|amp;)\w+;")
_HAT = "\u02c6"


def _convert(text, **options):
    # The name of a function needs room after it, which docutils leaves out.
    text = text.replace(r"\log ", r"\log\, ")
    markup = _NAMED.sub(lambda name: unescape(name[0]), tex2mathml(text, **options))
    formula = ElementTree.fromstring(markup)
    for node in list(formula.iter(f"{_SPACE}munderover")):
        base, index, over = node
        if over.text == _HAT:
            _set_beside(node, base, index, over)
    return ElementTree.tostring(formula, encoding="unicode")


def _set_beside(node, base, index, hat):
    """Set the index of what wears a hat beside it, not beneath."""
    node.clear()
    node.tag = f"{_SPACE}msub"
    hatted = ElementTree.SubElement(node, f"{_SPACE}mover", accent="true")
    hatted.extend([base, hat])
    node.append(index)


def _inline(writer, node):
    writer.body.append(_convert(node.astext()))
    raise SkipNode


def _block(writer, node):
    text = node.astext()
    tag = _TAG.search(text)
    number = f'<span class="eqno">({tag[1]})</span>' if tag else ""
    formula = _convert(_TAG.sub("", text), as_block=True)
    writer.body.append(f'<div class="math">{number}{formula}</div>\n')
    raise SkipNode


def setup(app):
    """Register it as a renderer, for ``html_math_renderer``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}
