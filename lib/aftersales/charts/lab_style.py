"""The page's look in JupyterLab, where no page stands around a block: one output that holds a style sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from aftersales.charts.theme import DARK, LIGHT

_PAGE = files("aftersales.charts").joinpath("page.css")
# The part of page.css that is about blocks; what stands before it is about the page, what follows about plotly there.
_FIRST, _AFTER = "/* cards */", "/* what plotly would"
# An output of ours, and nothing else in the notebook. Lab's own rules for tables weigh less than what stands inside.
_OUTPUT = ".jp-RenderedHTML:has(> .as-block)"
_NIGHT = '[data-jp-theme-light="false"]'
_LAB = """
font: 15px/1.55 var(--latin), var(--han), sans-serif; color: var(--ink); font-variant-numeric: tabular-nums;
*, *::before, *::after { box-sizing: border-box; }
h3, h4, p, ul, ol, figure { margin: 0; padding: 0; }
h3 { font-size: 17.5px; line-height: 1.3; }
.as-block:lang(zh) { line-height: 1.7; }
.as-block table { margin: 0; }
.as-block tbody tr { background: none; }
.as-block th, .as-block td { text-align: left; white-space: normal; }
.as-block code { font-size: 13px; background: none; color: inherit; }
.as-block a { color: var(--blue); }
"""


@dataclass(frozen=True)
class LabStyle:
    """Shown once at the top of a notebook, it gives every block below the page's look, by day and by night.

    Pages leave it out. It touches the suite's own outputs and, in Lab's dark theme, turns plotly's white ground dark.

    >>> data, about = LabStyle()._repr_mimebundle_()
    >>> data["text/html"].startswith("<style>"), about
    (True, {'aftersales': {'lab_only': True}})
    """

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        return {"text/html": f"<style>{_rules()}</style>", "text/plain": ""}, {"aftersales": {"lab_only": True}}


@cache
def _rules() -> str:
    css = _PAGE.read_text("utf-8")
    blocks = css[css.index(_FIRST) : css.index(_AFTER)]
    families = [line.strip() for line in css.splitlines() if line.strip().startswith(("--latin:", "--han:"))]
    return "\n".join(
        (
            f"{_OUTPUT} {{ {_variables(LIGHT)} {' '.join(families)}\n{_LAB}{blocks} }}",
            f"{_NIGHT} {_OUTPUT} {{ {_variables(DARK)} }}",
            f"{_NIGHT} .jp-OutputArea .js-plotly-plot {{ filter: invert(0.9) hue-rotate(180deg); }}",
        )
    )


def _variables(palette: Mapping[str, str]) -> str:
    return " ".join(f"--{name.replace('_', '-')}: {colour};" for name, colour in palette.items())
