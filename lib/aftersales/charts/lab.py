"""The house's look in JupyterLab, where no page stands around a block: one output that holds a style sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aftersales.charts.theme import LIGHT, SIZES

# Lab's own colours where it has them, so that its dark theme stays dark; ours for what carries a meaning.
_RULES = f"""
.as-block .headline {{ font-size: {SIZES["section"]}px; margin: 4px 0 8px; }}
.as-block .kicker, .as-block .caption, .as-block .versus, .as-note.muted, .as-provenance {{ opacity: .75; }}
.as-block .do {{ color: {LIGHT["blue"]}; font-weight: 600; }}
.as-case .sides {{ display: grid; gap: 8px 28px; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); }}
.as-tiles {{ display: grid; gap: 10px; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); padding: 0; }}
.as-tiles .tile {{ list-style: none; border: 1px solid var(--jp-border-color2, {LIGHT["rule"]}); border-top-width: 3px;
  border-radius: 6px; padding: 8px 12px; }}
.as-tiles .tile p {{ margin: 2px 0; }}
.as-tiles .now {{ display: flex; justify-content: space-between; align-items: center; }}
.as-tiles .value {{ font-size: {SIZES["value"]}px; }}
.as-tiles .versus span {{ display: block; }}
.as-tiles .signal {{ border-top-color: {LIGHT["orange"]}; }}
.as-tiles .good {{ border-top-color: {LIGHT["blue"]}; }}
.as-block .signal .state, .as-block .chip.signal, .as-note.warning {{ color: {LIGHT["orange"]}; font-weight: 600; }}
.as-block .good .state, .as-block .chip.good {{ color: {LIGHT["blue"]}; font-weight: 600; }}
.as-block td.num {{ font-variant-numeric: tabular-nums; text-align: right; }}
.as-block td, .as-block th {{ text-align: left; }}
.as-block td.strong {{ font-weight: 600; }}
.as-block .below {{ display: block; opacity: .75; }}
.as-block .scroll {{ overflow-x: auto; }}
.as-suggestion dl > div {{ display: grid; grid-template-columns: 9em minmax(0, 1fr); gap: 2px 14px; }}
.as-suggestion dt {{ opacity: .75; }}
.as-suggestion dd {{ margin: 0; }}
""".strip()
_HEAT = "\n".join(
    f".heat td.h{step} {{ background: color-mix(in srgb, {LIGHT['blue']} {8 * step}%, transparent); }}"
    for step in range(1, 6)
)


@dataclass(frozen=True)
class LabStyle:
    """Shown once at the top of a notebook, it styles every block below; pages leave it out.

    >>> data, about = LabStyle()._repr_mimebundle_()
    >>> data["text/html"].startswith("<style>"), about
    (True, {'aftersales': {'lab_only': True}})
    """

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        data = {"text/html": f"<style>{_RULES}\n{_HEAT}</style>", "text/plain": ""}
        return data, {"aftersales": {"lab_only": True}}
