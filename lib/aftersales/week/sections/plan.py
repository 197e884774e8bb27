"""The week's one plan: all there is to do, in the order to do it. Page, mail, chat and index show these lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import polars as pl

from aftersales.advice.decisions import decision_name, taken_back
from aftersales.advice.suggest import WEEKS_STANDING, WEEKS_UNDER_WAY, spoken_measure
from aftersales.findings.headline import week_verdict
from aftersales.measures.inputs import local_time
from aftersales.tables.columns import known_total
from aftersales.week.loading import Report
from aftersales.week.sections.health_told import damage_told, unread_told
from aftersales.week.sections.overview_tiles import SHOWN
from aftersales.week.sections.shown import measure_unit, more_link
from aftersales.words.language import enumerated, run_on

Urgency = Literal["today", "week", "watch"]
URGENCIES: tuple[Urgency, ...] = ("today", "week", "watch")
MOST_NAMED = 3  # complaints that a line names
SOON_DAYS = 3  # evidence that is due by Wednesday is put together on Monday
FORGOTTEN_WEEKS = 26  # a decision that nobody judged in half a year is not brought up for ever
# The measures of suggestions that answer a rise told on a page.
ANSWERS = {"refund-trends": {"refund_rate"}, "complaint-trends": {"refund_hours", "response_hours"}}
WITH_THE_PLATFORM = ("filed", "appealed")
STILL_TO_ANSWER = ("new", "contacted", "innocent")  # whoever was cleared has a complaint that awaits its answer


@dataclass(frozen=True)
class Step:
    """One line of the plan, all written: ``href`` is the place on the report's pages that shows what it is about.

    ``why`` is one fact with its figure, ``tell`` how one will know whether it helped, ``short`` what a headline has
    room for.
    """

    urgency: Urgency
    what: str
    owner: str
    due: date
    why: str
    tell: str
    href: str
    short: str = ""


def week_plan(report: Report) -> tuple[Step, ...]:
    """What is to be done, the most urgent first.

    Unshipped suspected orders come first, then evidence by its deadline, whether the records speak against a complaint
    or not; then data that are damaged, changes to take back, improvements (`advice.suggest`), cases that wait, and what
    is only to be watched. What runs already is not proposed again, nor what a line takes back.
    """
    orders, complaints = _open_orders(report), _open_complaints(report)
    withdrawn = _withdrawn(report)
    proposed = _proposed(report, withdrawn)
    steps = [
        *_holds(report, orders), *_evidence(report, complaints, _to_answer(report)), *_data(report),
        *(_withdrawal(report, row) for row in withdrawn.to_dicts()),
        *(_improvement(report, row) for row in proposed.to_dicts()),
        *_cases(report, orders, complaints), *_unexplained(report, proposed, withdrawn), *_overdue(report),
        *_products(report), *_with_the_platform(report, orders, complaints),
    ]  # fmt: skip
    return tuple(sorted(steps, key=lambda step: URGENCIES.index(step.urgency)))


def plan_title(report: Report, steps: tuple[Step, ...], *, headed: bool = False) -> str:
    """How many lines there are of each urgency; where nothing is to be done, that. ``headed`` is below a heading."""
    counts = {u: sum(step.urgency == u for step in steps) for u in URGENCIES}
    if not counts["today"] + counts["week"]:
        return report.say(f"plan.{_idle(report, steps)}", count=len(steps))
    parts = enumerated([report.say(f"plan.count.{u}", count=n) for u, n in counts.items() if n], report.language)
    return parts if headed else report.say("plan.title", parts=parts)


def with_plan(report: Report, said: str, steps: tuple[Step, ...]) -> str:
    """A headline that goes on to the first one or two actions, or says that there is none."""
    first = [step.short or step.what for step in steps if step.urgency != "watch"][:2]
    then = ("；" if report.language == "zh" else "; ").join(first)
    key = "first" if first else _idle(report, steps)
    return report.say(f"plan.headline.{key}", said=said.rstrip("。."), first=then, count=len(steps))


def _idle(report: Report, steps: tuple[Step, ...]) -> str:
    """What may be said of a plan without actions: where nothing could be judged, no more than that none was found."""
    counts = week_verdict(report.data.signals, week=report.data.week).values
    judged = counts["routine"] + counts["beyond"] + counts["earlier"]
    return "watched" if steps else "none" if judged else "none_known"


def line(report: Report, step: Step) -> str:
    """A step in one line, for chat, digest and index: when, what, who, by which day."""
    return report.say("plan.line", when=f"plan.urgency.{step.urgency}", what=step.what, owner=step.owner, due=step.due)


def _step(
    report: Report, urgency: Urgency, key: str, *, role: str, due: date, page: str, at: str = "", **values: Any
) -> Step:
    say = report.say
    why = f"plan.{key}.why" if values.get("money", 0) is not None else f"plan.{key}.why_unpriced"
    return Step(
        urgency,
        say(f"plan.{key}.what", **values),
        owner(report, role),
        due,
        say(why, **values),
        say(f"plan.{key}.tell", **values),
        more_link(report, page)[1] + at,
        "" if urgency == "watch" else say(f"plan.{key}.short", due=due, **values),
    )


def owner(report: Report, role: str) -> str:
    """Who has a role in the shop, by name where shops.toml gives one."""
    return report.data.shop.people.get(role) or report.say(f"advice.role.{role}")


def _monday(report: Report) -> date:
    return report.data.until + timedelta(days=1)


def _friday(report: Report) -> date:
    return report.data.until + timedelta(days=5)


def _next_week(report: Report) -> date:
    return report.data.until + timedelta(days=8)


def _open_orders(report: Report) -> pl.DataFrame:
    rows = report.data.with_state(report.data.suspicious_orders(report.language)).filter(~pl.col("decided"))
    return rows.with_columns(stoppable=pl.col("waiting").any().over("case_id"))


def _open_complaints(report: Report) -> pl.DataFrame:
    rows = report.data.with_state(report.data.suspicious_complaints(report.language)).filter(~pl.col("decided"))
    due = pl.col("evidence_due_at").dt.date()
    return rows.with_columns(due=pl.when(due > report.data.until).then(due))


def _of_orders(report: Report, urgency: Urgency, key: str, rows: pl.DataFrame, *, due: date) -> Iterator[Step]:
    """A line about suspected orders, where there are any."""
    if rows.height:
        yield _step(
            report,
            urgency,
            key,
            role="service",
            due=due,
            page="malicious-orders",
            at="#suspected-cases",
            orders=rows["order_id"].n_unique(),
            cases=rows["case_id"].n_unique(),
            money=known_total(rows.unique("order_id")["money_at_risk"]),
        )


def _holds(report: Report, orders: pl.DataFrame) -> Iterator[Step]:
    yield from _of_orders(report, "today", "hold", orders.filter("waiting"), due=_monday(report))


def _to_answer(report: Report) -> pl.DataFrame:
    """Open complaints whose evidence falls due after the week, that are not on the list of suspected ones."""
    data = report.data
    filed, closed, due = (pl.col(c).dt.date() for c in ("filed_at", "closed_at", "evidence_due_at"))
    ahead = due > data.until, (filed <= data.until).fill_null(value=True), (closed > data.until).fill_null(value=True)
    rows = (
        data.tables["complaints"]
        .filter(*ahead)
        .select("complaint_id", local_time(pl.col("evidence_due_at")), due=due, asked="amount_demanded")
        .collect()
    )
    over = data.case_outcomes.filter(~pl.col("state").is_in(STILL_TO_ANSWER))
    members = data.tables["case_members"].filter(kind="complaint").collect().join(over, on="case_id", how="semi")
    gone = pl.concat([members["member_id"], data.suspicious_complaints(report.language)["complaint_id"]])
    return rows.filter(~pl.col("complaint_id").is_in(gone.implode()))


def _evidence(report: Report, suspected: pl.DataFrame, honest: pl.DataFrame) -> Iterator[Step]:
    """A line a day on which evidence falls due, for suspected complaints and for those that look right."""
    suspected = suspected.filter(~pl.col("state").is_in(WITH_THE_PLATFORM)).drop_nulls("due")
    pages = {"evidence": ("malicious-complaints", "#suspected-complaints"), "answer": ("complaint-trends", "")}
    steps = []
    for (key, (page, at)), rows in zip(pages.items(), (suspected, honest), strict=True):
        for (due,), of_day in rows.sort("evidence_due_at", "complaint_id").group_by("due", maintain_order=True):
            days = (due - report.data.until).days
            urgency: Urgency = "today" if days <= SOON_DAYS else "week" if days <= 7 else "watch"
            ids = [*of_day["complaint_id"].head(MOST_NAMED), *(["…"] if of_day.height > MOST_NAMED else [])]
            steps.append(
                _step(
                    report,
                    urgency,
                    key,
                    role="service",
                    due=due,
                    page=page,
                    at=at,
                    count=of_day.height,
                    ids=ids,
                    first=of_day["evidence_due_at"][0],
                    money=known_total(of_day["asked"]),
                )
            )
    yield from sorted(steps, key=lambda step: step.due)


def _cases(report: Report, orders: pl.DataFrame, complaints: pl.DataFrame) -> Iterator[Step]:
    """Cases that nothing presses, and nobody has taken up yet or decided."""
    fresh = ~pl.col("state").is_in(WITH_THE_PLATFORM)
    waiting = orders.filter(fresh, ~pl.col("stoppable"))
    yield from _of_orders(report, "week", "verify_orders", waiting, due=_friday(report))
    complaints = complaints.filter(fresh, pl.col("due").is_null())
    if complaints.height:
        yield _step(
            report,
            "week",
            "verify_complaints",
            role="service",
            due=_friday(report),
            page="malicious-complaints",
            at="#suspected-complaints",
            count=complaints.height,
            money=known_total(complaints["asked"]),
        )


def _with_the_platform(report: Report, orders: pl.DataFrame, complaints: pl.DataFrame) -> Iterator[Step]:
    orders, complaints = (rows.filter(pl.col("state").is_in(WITH_THE_PLATFORM)) for rows in (orders, complaints))
    count = orders["case_id"].n_unique() + complaints["case_id"].n_unique()
    if count:
        page = "malicious-complaints" if complaints.height else "malicious-orders"
        yield _step(report, "watch", "filed", role="service", due=_next_week(report), page=page, count=count)


def _data(report: Report) -> Iterator[Step]:
    told = [fact for fact, _ in (*damage_told(report), *unread_told(report))]
    if told:
        more = [report.say("plan.data.more", more=len(told) - 1)] if told[1:] else []
        yield _step(
            report,
            "today",
            "data",
            role="analyst",
            due=_monday(report),
            page="data-health",
            fact=run_on([told[0], *more], report.language),
        )


def _judged(report: Report, *, weeks: int) -> pl.DataFrame:
    """Decisions of so many weeks that no later one on the same lever and thing replaces, with their verdicts."""
    known = report.data.ledger.select("decision_id", "lever_id", "part")
    rows = report.data.judged_decisions.join(known, on="decision_id", maintain_order="left")
    rows = rows.filter(pl.col("effective_from") > report.data.until - timedelta(weeks=weeks))
    same = pl.coalesce("lever_id", "lever", "decision_id"), pl.coalesce("part", "scope", "decision_id")
    return rows.filter(pl.col("effective_from") == pl.col("effective_from").max().over(*same))


def _withdrawn(report: Report) -> pl.DataFrame:
    """Decisions that did harm, and that nobody has taken back yet."""
    back = ~pl.col("decision_id").is_in(taken_back(report.data.ledger))
    return _judged(report, weeks=WEEKS_STANDING).filter(back, verdict="harmed")


def _withdrawal(report: Report, row: dict[str, Any]) -> Step:
    name = _spoken(report, row)
    step = _step(
        report,
        "week",
        "withdraw",
        role="sales",
        due=_friday(report),
        page="did-it-work",
        at="#decisions",
        name=name,
        before=row["rate_before"],
        after=row["rate_after"],
    )
    return replace(step, owner=row["owner"] or step.owner)


def _spoken(report: Report, row: dict[str, Any]) -> str:
    """A decision in the reader's words where they are known, a product by its title."""
    return decision_name(row, report.language).rstrip(": ：")


def _overdue(report: Report) -> Iterator[Step]:
    """Decisions that had a quarter to show what they do, and did not."""
    rows = _judged(report, weeks=FORGOTTEN_WEEKS).filter(
        pl.col("verdict").is_in(["did_not", "cannot_tell"]),
        pl.col("effective_from") <= report.data.until - timedelta(weeks=WEEKS_UNDER_WAY),
    )
    if rows.height:
        names = [_spoken(report, row) for row in rows.iter_rows(named=True)]
        yield _step(
            report,
            "watch",
            "judge",
            role="sales",
            due=_next_week(report),
            page="did-it-work",
            at="#decisions",
            count=rows.height,
            weeks=WEEKS_UNDER_WAY,
            names=names,
        )


def _proposed(report: Report, withdrawn: pl.DataFrame) -> pl.DataFrame:
    """The suggestions that nobody has decided on; none that a line of the plan takes back."""
    rows = report.data.suggestions(report.language).filter(pl.col("state") != "decided")
    back = set(withdrawn.select("lever_id", "part").iter_rows())
    of = [any((lever, p) in back for p in scope.split(" & ")) for lever, scope in rows.select("lever", "scope").rows()]
    return rows.filter(~pl.Series(of, dtype=pl.Boolean))


def _improvement(report: Report, row: dict[str, Any]) -> Step:
    named = dict(part.partition("=")[::2] for part in row["scope"].split(" & "))
    kind = "shop" if row["scope"] == "shop" else next((k for k in ("batch", "product_id") if k in named), "slice")
    measure = spoken_measure(row["measure"], report.say(f"plan.it.{kind}"), report.language)
    target = "target" if row["expected_change"] else "compare"
    of = report.data.problem_products.filter(product_id=named.get("product_id", "")).head(1).to_dicts()
    lever = f"advice.lever.{row['lever']}.name"
    return Step(
        "today" if row["due"] <= _monday(report) else "week",
        row["action"],
        row["owner"],
        row["due"],
        report.say("plan.improve.why", **of[0]) if of else row["because"] or "",
        report.say(f"plan.improve.{target}", measure=measure, change=-(row["expected_change"] or 0)),
        f"{more_link(report, 'policy-and-service')[1]}#{row['suggestion_id']}",
        report.say("plan.improve.short", lever=lever, about=of[0]["title"]) if of else "",
    )


def _products(report: Report) -> Iterator[Step]:
    """Products on the list for which nothing is proposed, as it would not pay for its work or not fit the week."""
    scopes = report.data.suggestions(report.language)["scope"].str.split(" & ").explode().to_list()
    held = [p for p in report.data.problem_products["product_id"] if f"product_id={p}" in scopes]
    rows = report.data.problem_products.filter(~pl.col("product_id").is_in(held))
    if rows.height:
        yield _step(
            report,
            "watch",
            "products",
            role="quality",
            due=_next_week(report),
            page="problem-products",
            at="#product-ranking",
            count=rows.height,
            money=known_total(rows["money_at_stake"]),
        )


def _unexplained(report: Report, proposed: pl.DataFrame, withdrawn: pl.DataFrame) -> Iterator[Step]:
    """A measure above its range, or not back from a rise, that no other line answers."""
    found = week_verdict(report.data.signals, week=report.data.week)
    above = found.table.filter(verdict="above").to_dicts()
    answered = set(proposed["measure"].str.split(":").list.first()) | ({"refund_rate"} if withdrawn.height else set())
    for page, role in (("refund-trends", "sales"), ("complaint-trends", "service")):
        if answered & ANSWERS[page]:
            continue
        rows = [row for row in above if row["measure"] in SHOWN and SHOWN[row["measure"]][1] == page]
        name = str(found.values.get("name", ""))
        if found.key == "verdict_of_week.stays" and SHOWN.get(name.removeprefix("measure."), ("", ""))[1] == page:
            values = {"name": name, "fact": found.headline(report.language)}
            yield _step(report, "watch", "stays", role=role, due=_next_week(report), page=page, **values)
        if not rows:
            continue
        first = rows[0]
        unit = measure_unit(report, SHOWN[first["measure"]][0], first)
        yield _step(
            report,
            "week",
            "unexplained",
            role=role,
            due=_friday(report),
            page=page,
            names=[report.say(f"measure.{row['measure']}") for row in rows],
            name=f"measure.{first['measure']}",
            value=unit.text(first["value"]),
            low=unit.text(first["normal_low"]),
            high=unit.text(first["normal_high"]),
        )
