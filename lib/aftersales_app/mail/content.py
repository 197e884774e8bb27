"""What the mail of a shop's week says: computed from the same results as the page, never typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from aftersales.charts.figure import Chart
from aftersales.charts.numbers import Unit
from aftersales.charts.tiles import Tile, Tiles
from aftersales.charts.verdict import MOST_CONCLUSIONS, Conclusion
from aftersales.findings.finding import Finding
from aftersales.findings.headline import week_verdict
from aftersales.week.loading import Report
from aftersales.week.sections import did_it_work
from aftersales.week.sections.plan import Step, line, plan_title, week_plan
from aftersales.week.sections.shown import measure_trend, measure_unit, signal_rows
from aftersales.week.sections.weekly_overview import SHOWN, answer, outside, reasons, state, tiles
from aftersales.words.language import Language, number, span
from aftersales.words.periods import Week

Kind = Literal["normal", "quiet"]
MOST_TILES = 3  # what fits one row of a mail 600 pixels wide
MOST_EFFECTS = 3
MOST_REASONS = 4  # the whole mail is to fit one screen (report design, section 3 i)
TREND_WEEKS = 26  # of the index page's small picture
PICTURE_WEEKS = 6  # the weeks of the 6-12 chart; the twelve months stay on the page


@dataclass(frozen=True)
class Bar:
    """One bar made of table cells: ``share`` of the longest (0..1), count and difference from usual as text."""

    label: str
    share: float
    count: str
    change: str
    signal: bool


@dataclass(frozen=True)
class Effect:
    """How a decision went: ``change`` is the rate before and after (empty where unknown), ``said`` the verdict."""

    what: str
    change: str
    said: str
    tone: str


@dataclass(frozen=True, eq=False)
class Trend:
    """What the mail's picture shows: ``rows`` has week (text), value, normal_low, normal_high, prior_year, mature."""

    measure: str
    title: str
    alt: str
    rows: pl.DataFrame
    unit: Unit


@dataclass(frozen=True, eq=False)
class MailContent:
    """One shop's week, in one language, as a mail tells it; every text is written already.

    ``finding`` is the headline in the few words that a subject has room for; ``plan`` the week's plan under
    ``plan_title``, ``lines`` its lines for where there is no room for more; ``effects`` tell whether what was done
    before worked. ``severity`` orders shops, the worst first: measures above their range, the widest distance from it
    in widths of the range, conclusions and what is to be done.
    """

    kind: Kind
    shop: str
    shop_name: str
    week: Week
    language: Language
    headline: str
    finding: str
    conclusions: tuple[Conclusion, ...]
    tiles: tuple[Tile, ...]
    trend: Trend | None
    reasons_title: str
    reasons: tuple[Bar, ...]
    plan_title: str
    plan: tuple[Step, ...]
    lines: tuple[str, ...]
    effects_title: str
    effects: tuple[Effect, ...]
    data_to: str
    severity: tuple[int, float, int]
    commit: int

    @property
    def days(self) -> str:
        """The days of the week, written."""
        return span(self.week.monday, self.week.sunday, self.language)


def mail_content(report: Report) -> MailContent:
    """What the mail of that week says.

    Quiet is a week in which no measure lies outside its normal range or has yet to come back, nothing is to be done
    and the page has no conclusion but what cannot be judged yet: its mail is short, without picture and bars.
    """
    data = report.data
    found = week_verdict(data.signals, week=data.week)
    verdict = answer(report)
    caution = found.caution(report.language, currency=data.shop.currency)
    said = [c for c in verdict.conclusions if c.fact != caution]
    plan = week_plan(report)
    effects_title, effects = _effects(report)
    up = found.key == "verdict_of_week.stays"
    quiet = not said and not outside(report) and not plan and not up
    title, bars = ("", ()) if quiet else _reasons(report)
    return MailContent(
        kind="quiet" if quiet else "normal",
        shop=data.shop.id,
        shop_name=data.shop.name,
        week=data.week,
        language=report.language,
        headline=verdict.headline,
        finding=_finding(report, found),
        conclusions=verdict.conclusions[:MOST_CONCLUSIONS],
        plan_title=plan_title(report, plan),
        plan=plan,
        lines=tuple(line(report, step) for step in plan),
        effects_title=effects_title,
        effects=effects,
        tiles=_tiles(report),
        trend=None if quiet else _trend(report),
        reasons_title=title,
        reasons=bars,
        data_to=str(data.tables.last_day),
        severity=_severity(found, len(said) + len(plan)),
        commit=data.tables.commit.number,
    )


def summary(report: Report, told_in: Mapping[Language, MailContent]) -> dict[str, Any]:
    """What the index of all shops tells of a week: by language its headline and first actions, and the main rate.

    ``severity`` orders shops, ``trend`` is the main rate's half-year with its normal range and whether it lies outside.
    """
    rows = signal_rows(report, next(iter(SHOWN))).tail(TREND_WEEKS)
    last = rows.tail(1).to_dicts()[0] if rows.height else {}
    return {
        "severity": next(iter(told_in.values())).severity,
        "told": {
            language: {
                "headline": content.headline,
                "do": list(content.lines[:2]),
            }
            for language, content in told_in.items()
        },
        "trend": rows["value"].to_list(), "normal": [last.get("normal_low"), last.get("normal_high")],
        "signal": last.get("verdict") == "above",
    }  # fmt: skip


def _effects(report: Report) -> tuple[str, tuple[Effect, ...]]:
    """How the newest decisions went, under a sentence that counts all."""
    judged = did_it_work.Decisions(report).verdicts().frame
    title = report.say("mail.effects", count=judged.height) if judged.height else ""
    known = pl.col("before").is_not_null() & pl.col("after").is_not_null()
    rows = judged.head(MOST_EFFECTS).with_columns(change=pl.when(known).then("change").otherwise(pl.lit("")))
    return title, tuple(Effect(*row) for row in rows.select("action", "change", "said", "tone").iter_rows())


def _finding(report: Report, found: Finding) -> str:
    """The headline without counts and ranges; one that tells no measure is short already."""
    values = found.values
    shown = SHOWN.get(str(values.get("name", "")).removeprefix("measure."))
    if shown is None or values.get("value") is None or not found.key.startswith("signal."):
        return state(report).rstrip("。.")
    value = measure_unit(report, shown[0], values).text(values["value"])
    key = "expected" if ".estimated_" in found.key else "outside"
    return report.say(f"mail.finding.{key}", name=values["name"], value=value, said=values["said"])


def _severity(found: Finding, told: int) -> tuple[int, float, int]:
    above = found.table.filter(pl.col("verdict") == "above")
    furthest = above["beyond"].max() if above.height else None
    return above.height, float(furthest) if isinstance(furthest, int | float) else 0.0, told


def _tiles(report: Report) -> tuple[Tile, ...]:
    """Signals first, then the others in the page's order."""
    shown = tiles(report)
    if not isinstance(shown, Tiles):
        return ()
    calm = {"routine": 1, "counted": 2, "maturing": 3, "not_enough_data": 3}
    return tuple(sorted(shown.tiles, key=lambda tile: calm.get(tile.state, 0))[:MOST_TILES])


def _trend(report: Report) -> Trend | None:
    """The first measure outside its range; nothing is drawn where all lie within."""
    for row in outside(report)[:1]:
        measure = row["measure"]
        form = SHOWN[measure][0]
        shown = measure_trend(report, measure, id=f"mail-{measure.replace('_', '-')}", form=form)
        if isinstance(shown, Chart):
            rows = signal_rows(report, measure).tail(PICTURE_WEEKS)
            unit = Unit(form, report.language, report.data.shop.currency)
            return Trend(measure, shown.title, shown.alt, rows, unit)
    return None


def _reasons(report: Report) -> tuple[str, tuple[Bar, ...]]:
    """The week's most frequent reasons with their difference from usual; those beyond their usual share are kept."""
    shown, rows = reasons(report), report.data.reasons_against_usual
    if not isinstance(shown, Chart) or rows.is_empty():
        return "", ()
    rows = rows.with_columns(signal=pl.col("differs") & (pl.col("change") > 0))
    kept = rows.sort("signal", "cases", descending=True).head(MOST_REASONS).sort("cases", descending=True)
    most = max(kept["cases"].to_list())
    bars = tuple(
        Bar(
            report.say(f"reason.{row['reason']}"),
            row["cases"] / most if most else 0.0,
            number(row["cases"]),
            number(row["cases"] - row["usual_cases"], plus=True),
            row["signal"],
        )
        for row in kept.iter_rows(named=True)
    )
    return shown.title, bars
