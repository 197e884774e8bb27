"""What a page says: its sentences, and the numbers in them, each with its unit and with how finely it was written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

# dates, weeks and moments are told by other means; ids are no numbers
DATES = re.compile(
    r"\d{4}年\d{1,2}月\d{1,2}日|\d{1,2}月\d{1,2}日|\d{4}-W\d\d|\d{4}-\d\d-\d\d( \d\d:\d\d)?|\d{4}年\d{1,2}月|\d{1,2}/\d{1,2}(?!\d)"
    r"|\d{1,2}[–-]\d{1,2} [A-Z][a-z]{2,8}( \d{4})?|\d{1,2} [A-Z][a-z]{2,8} \d{4}|\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\w*\b"
    r"|no reason \(7 days\)|双 ?1[12]|Double 1[12]|6\.?18"
)
IDS = re.compile(r"[A-Za-z]+-?\d[\w-]*|\b\d{9,}\b")
NUMBER = re.compile(
    r"(?P<sign>[−+]?)(?P<money>[¥$€])?(?P<digits>\d[\d,]*(?:\.\d+)?)(?P<scale>[万亿KMB](?![a-z]))?"
    r"(?P<unit>\s?(?:%|个百分点|pp\b|小时|分钟|天|h\b|min\b|days?\b))?"
)
SCALES = {None: 1.0, "万": 1e4, "亿": 1e8, "K": 1e3, "M": 1e6, "B": 1e9}
IN_HOURS = {"小时": 1.0, "h": 1.0, "分钟": 1 / 60, "min": 1 / 60, "天": 24.0, "days": 24.0, "day": 24.0}


@dataclass(frozen=True)
class Said:
    """A number as written: ``value`` in its unit, ``step`` the smallest difference that its digits can tell."""

    text: str
    kind: str  # rate, money, hours or count
    value: float
    step: float

    def means(self, x: float) -> bool:
        """Whether that is how ``x`` is written: within half a step."""
        tolerance = 0.5 * self.step * (1 + 1e-6) + 1e-9
        if self.kind == "hours" and self.step >= 24 * 0.05:  # "7 天" may be a count of days
            return abs(x - self.value) <= tolerance or abs(x - self.value / 24) <= tolerance / 24
        return abs(abs(x) - abs(self.value)) <= tolerance


def numbers(text: str, *, names: Iterable[str] = ()) -> list[Said]:
    """The numbers of a sentence, without those in names of products and the like."""
    for name in sorted((n for n in names if n and n in text), key=len, reverse=True):
        text = text.replace(name, "〓")
    text = IDS.sub("〓", DATES.sub("〓", text))
    found = []
    for match in NUMBER.finditer(text):
        digits, unit = match["digits"].rstrip(","), (match["unit"] or "").strip()
        fine = 10.0 ** -len(digits.partition(".")[2]) * SCALES[match["scale"]]
        value = float(digits.replace(",", "")) * SCALES[match["scale"]] * (-1 if match["sign"] == "−" else 1)
        if unit in ("%", "个百分点", "pp"):
            kind, value, fine = "rate", value / 100, fine / 100
        elif unit in IN_HOURS:
            kind, value, fine = "hours", value * IN_HOURS[unit], fine * IN_HOURS[unit]
        else:
            kind = "money" if match["money"] else "count"
        found.append(Said(match[0].strip(), kind, value, fine))
    return found


def values_of(row: dict[str, Any]) -> list[float]:
    """The numbers in a row of a frame, also those in its lists."""
    found: list[float] = []
    for value in row.values():
        many = value if isinstance(value, list) else [value]
        found += [float(v) for v in many if isinstance(v, int | float | Decimal) and math.isfinite(float(v))]
    return found


def unexplained(text: str, values: Iterable[float], *, names: Iterable[str] = ()) -> list[str]:
    """The numbers of a sentence that none of ``values`` accounts for."""
    known = list(values)
    return [said.text for said in numbers(text, names=names) if not any(said.means(x) for x in known)]


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def words(element: Any) -> str:
    return re.sub(r"\s+", " ", element.get_text(" ")).strip() if element is not None else ""
