"""Equations as MathML, which browsers show without a script from elsewhere."""

import re

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

_TAG = re.compile(r"\\tag\{(\w+)\}")


def _inline(writer, node):
    writer.body.append(tex2mathml(node.astext()))
    raise SkipNode


def _block(writer, node):
    text = node.astext()
    tag = _TAG.search(text)
    number = f'<span class="eqno">({tag[1]})</span>' if tag else ""
    formula = tex2mathml(_TAG.sub("", text), as_block=True)
    writer.body.append(f'<div class="math">{number}{formula}</div>\n')
    raise SkipNode


def setup(app):
    """Register it as a renderer, for ``html_math_renderer``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}
