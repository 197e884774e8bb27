"""Prose in two languages inside one markdown cell: ``## 中文 · English`` for headings, ``<!--en-->`` between bodies."""

from __future__ import annotations

import re

from aftersales.words.language import Language

_HEADING = re.compile(r"^(#{1,6} )(.+?) · (.+)$")
_MARK = re.compile(r"^<!--\s*en\s*-->\s*$", re.MULTILINE)


def localised(markdown: str, language: Language) -> str:
    r"""The cell's text in one language; what is not marked belongs to both.

    Headings hold both languages, Chinese first, divided by a middle dot. A body before the mark is Chinese, one after
    it English, up to the next heading; a body without a mark is left as it is.

    >>> cell = "## 变了吗？ · Has it moved?\n看图。\n<!--en-->\nSee the chart."
    >>> print(localised(cell, "en"))
    ## Has it moved?
    See the chart.
    >>> print(localised(cell, "zh"))
    ## 变了吗？
    看图。
    """
    parts: list[list[str]] = [[]]
    for line in markdown.splitlines():
        if line.startswith("#") and parts[-1]:
            parts.append([])
        parts[-1].append(line)
    return "\n".join(_one_part("\n".join(lines), language) for lines in parts).strip()


def anchors(markdown: str) -> list[str]:
    r"""An id for each ``##`` heading of a cell: made of its English, the same in both languages.

    >>> anchors("## 变了吗？ · Has it moved?\n看图。"), anchors("## 只有中文")
    (['s-has-it-moved'], ['s'])
    """
    heads = [line for line in markdown.splitlines() if line.startswith("## ")]
    words = [found[3] if (found := _HEADING.match(head)) else head for head in heads]
    return ["-".join(["s", *re.findall(r"[a-z0-9]+", word.lower())]) for word in words]


def _one_part(text: str, language: Language) -> str:
    lines = text.splitlines()
    head = []
    if lines and (found := _HEADING.match(lines[0])):
        head = [found[1] + (found[2] if language == "zh" else found[3])]
        lines = lines[1:]
    bodies = _MARK.split("\n".join(lines), maxsplit=1)
    body = bodies[0] if language == "zh" or len(bodies) == 1 else bodies[1]
    return "\n".join([*head, body.strip("\n")])
