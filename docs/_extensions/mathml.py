"""Equations as MathML, which browsers show without a script from elsewhere."""

import re

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

_TAG = re.compile(r"\\tag\{(\w+)\}")
_HAT = re.compile(r"\\hat\s*\{?(\w)\}?")


def _convert(text, **options):
    # What stands in braces has its indices beside it, a bare hat has them beneath.
    return tex2mathml(_HAT.sub(r"{\\hat{\1}{}}", text), **options)


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
