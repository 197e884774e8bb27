"""The sections of 08-policy-and-service: do what, worth how much, hurting whom, by whom, by when, and how to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from aftersales.advice.known_bad import SOURCES
from aftersales.advice.levers import lever_table
from aftersales.advice.replay_record import Replay
from aftersales.advice.suggest import spoken_measure
from aftersales.charts.actions import action_table
from aftersales.charts.benefit_harm import benefit_harm
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.suggestion_card import SuggestionCard
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.week.loading import Report
from aftersales.week.result import Result
from aftersales.week.sections.shown import lacking
from aftersales.words.language import money, percent, run_on

# The curve of the limit is always asked for; beside it those of rules that would pay, as far as a page has room.
ALWAYS, MOST_CURVES = "purchase_limit", 3
_ANSWER_TONE = {"worth": "good", "not_worth": "plain", "cannot_say": "plain"}
_FORMS = {"manual_review": "num2", "minimum_order": "money", "auto_approve": "money"}


@dataclass(frozen=True, eq=False, repr=False)
class Actions(Result):
    """What to do, and what each rule would have done on the past; ``lever`` is the rule whose curve comes first."""

    report: Report
    lever: str = ALWAYS

    @cached_property
    def table(self) -> pl.DataFrame:
        """The week's suggestions, best first (`advice.suggest.suggestions`)."""
        return self.report.data.suggestions(self.report.language)

    def plot(self) -> Stack:
        """What is stopped and who is hurt at each threshold."""
        return self.curves()

    def shown(self) -> tuple[Any, ...]:
        """The answer and the actions."""
        return self.answer(), self.todo()

    def answer(self) -> Verdict:
        """How many actions fit into the week, what they may save a month, and which comes first."""
        rows = self.to_do()
        if rows.is_empty():
            return Verdict(self.report.say("advice.page.none"), language=self.report.language)
        low, high = (rows[c].cast(pl.Float64).sum() for c in ("benefit_low", "benefit_high"))
        headline = self.report.say("advice.page.answer", count=rows.height, low=low, high=high)
        points = tuple(
            Conclusion(self.report.say("advice.page.fact", **row, worth=_worth(self.report, row)), do=row["action"])
            for row in rows.head(3).iter_rows(named=True)
        )
        return Verdict(headline, points, language=self.report.language)

    def to_do(self) -> pl.DataFrame:
        """The week's suggestions without those that are decided on already."""
        return self.table.filter(pl.col("state") != "decided")

    def todo(self) -> Table:
        """The actions with owner, day, measure and worth."""
        rows = self.to_do()
        watched = [spoken_measure(m, self.report.say("advice.page.it"), self.report.language) for m in rows["measure"]]
        worth = [_worth(self.report, row) for row in rows.iter_rows(named=True)]
        frame = rows.select("action", "owner", "due").with_columns(
            measure=pl.Series(watched, dtype=pl.String), worth=pl.Series(worth, dtype=pl.String)
        )
        table = action_table(frame, id="actions", language=self.report.language)
        return replace(table, empty=self.report.say("advice.page.none"))

    def cards(self) -> Stack | Note:
        """Each action on a card: worth how much, hurting whom, who, when, how to tell, and the command to record it."""
        rows = self.table
        if rows.is_empty():
            return lacking(self.report, "advice.page.none")
        return Stack([_card(self.report, row) for row in rows.iter_rows(named=True)])

    def replayed(self) -> Table:
        """What each rule would have done on the shop's own past: stopped, hurt, money, and whether it pays."""
        word, rows = self.report.say, []
        for name, found in self.report.data.replays.items():
            row = found.shown
            rows.append(
                {
                    "rule": word(f"advice.lever.{name}.name"),
                    "said": word(f"advice.answer.{found.answer}"),
                    "tone": _ANSWER_TONE[found.answer],
                    "threshold": _threshold(self.report, found, row.get("threshold")),
                    "known_bad": row.get("bad_orders"),
                    "bad": word(f"advice.bad.{name}"),
                    "stopped": row.get("bad_stopped"),
                    "hurt": row.get("good_hurt"),
                    "net": row.get("net"),
                    "between": _between(self.report, row),
                    "break_even": row.get("break_even_substitution"),
                }
            )
        columns = (
            Column("rule", word("advice.column.lever"), strong=True),
            Column("said", word("advice.column.answer"), "chip", tone="tone"),
            Column("threshold", word("advice.column.threshold"), align="right"),
            Column("known_bad", word("advice.column.known_bad"), "int", below="bad"),
            Column("stopped", word("advice.column.bad"), "int"), Column("hurt", word("advice.column.good"), "int"),
            Column("net", word("advice.column.net"), "money", below="between"),
            Column("break_even", word("advice.column.break_even"), "pct0"),
        )  # fmt: skip
        first = next(iter(self.report.data.replays.values()))
        caption = word("advice.page.replayed", since=first.since, until=first.until) if first.since else ""
        return Table(
            pl.DataFrame(rows),
            columns,
            language=self.report.language,
            id="replays",
            currency=self.report.data.shop.currency,
            caption=caption,
        )

    def curves(self) -> Stack:
        """What is stopped and who is hurt at each threshold: of the chosen rule, and of those that would pay."""
        replays = self.report.data.replays
        paying = [name for name, found in replays.items() if found.answer == "worth" and name != self.lever]
        return Stack([_curve(self.report, replays[name]) for name in [self.lever, *paying][:MOST_CURVES]])


def _worth(report: Report, row: Mapping[str, Any]) -> str:
    return report.say("advice.page.worth_between", low=row["benefit_low"], high=row["benefit_high"])


def _card(report: Report, row: Mapping[str, Any]) -> SuggestionCard:
    word = report.say
    measure = spoken_measure(row["measure"], word("advice.page.it"), report.language)
    seen = [word("advice.page.detectable", **row)] if row["detectable"] is not None else []
    cost = [word("advice.page.cost", **row)] if row["cost"] else []
    hurt = word(f"advice.harm.{'some' if row['good_orders_hurt'] else 'none'}", orders=row["good_orders_hurt"])
    decided = row["state"] == "decided"
    who = word("advice.page.decided", **row) if decided else word("advice.page.who", **row)
    answers = {
        "worth": run_on([word("advice.page.worth", **row), *cost], report.language),
        "hurts": word("advice.page.harm", harm=hurt, cost=word(f"advice.lever.{row['lever']}.cost")),
        "who": who,
        "tell": run_on(
            [word("advice.page.measured", measure=measure), *seen, word("advice.page.failed", **row)], report.language
        ),
        "watch": word("advice.page.guard", **row), "rule": word("advice.page.rule", **row),
        "because": row["because"] or "",
    }  # fmt: skip
    command = "" if decided else row["command"]
    return SuggestionCard(
        row["action"], answers, command=command, state=row["state"], id=row["suggestion_id"], language=report.language
    )


def _between(report: Report, row: Mapping[str, Any]) -> str | None:
    if row.get("net_low") is None:
        return None
    return report.say("advice.page.between", low=row["net_low"], high=row["net_high"])


def _threshold(report: Report, found: Replay, value: float | None) -> str:
    return report.say(f"advice.threshold.{found.rule}", value=_form_of(report, found.rule, value)) if value else "–"


def _form_of(report: Report, rule: str, value: float) -> str:
    form = _FORMS.get(rule, "num")
    if form == "money":
        return money(value, report.language, currency=report.data.shop.currency)
    return percent(value, report.language, digits=0) if form == "num2" else f"{value:g}"


def _curve(report: Report, found: Replay) -> Any:
    word, currency = report.say, report.data.shop.currency
    said = word(f"advice.lever.{found.rule}.name") + ("：" if report.language == "zh" else ": ")
    sources = [word(f"advice.source.{s}", orders=n) for s, n in found.sources if s in SOURCES]
    caption = [word(f"advice.mildest.{'auto_approve' if found.rule == 'auto_approve' else 'order'}")]
    caption += [word("advice.page.sources", sources=sources)] if sources else []
    known = found.table["known_share"][0] if found.table.height else None
    caption += [word("advice.page.known", known=known)] if known is not None and known < 1 else []
    written = pl.Series("written", [_form_of(report, found.rule, t) for t in found.table["threshold"]], dtype=pl.String)
    of = found.table["bad_orders"][0] if found.table.height else 0
    return benefit_harm(
        found.table.with_columns(written),
        id=f"curve-{found.rule.replace('_', '-')}",
        language=report.language,
        currency=currency,
        axis_name=word(f"advice.axis.{found.rule}"),
        chosen=found.threshold,
        stopped_name=word(f"advice.stopped.{found.rule}", of=of),
        hurt_name=word(f"advice.hurts.{found.rule}"),
        title=said + found.headline(report.language, currency=currency),
        caption=run_on(caption, report.language),
        so_what=word(f"advice.so_what.{found.answer}"),
    )


def levers(report: Report) -> Table:
    """Every lever there is: when it applies, what it changes and costs, the rule it touches, what disproves it."""
    word = report.say
    columns = (
        Column("name", word("advice.column.lever"), strong=True, below="owner"),
        Column("when", word("advice.column.when")), Column("changes", word("advice.column.changes")),
        Column("cost", word("advice.column.cost"), below="platform"),
        Column("guard", word("advice.column.guard")), Column("disproof", word("advice.column.disproof")),
    )  # fmt: skip
    table = lever_table(report.language, report.data.shop.market)
    roles = table.select("role", "effort_days").iter_rows()
    owners = [word("advice.page.owner", role=f"advice.role.{role}", days=days) for role, days in roles]
    return Table(table.with_columns(owner=pl.Series(owners)), columns, language=report.language, id="levers")
