"""A dossier as a page made for A4: one for the platform, one for the shop itself, from the same data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

import polars as pl
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from aftersales.cases.comparison import Comparison, Share
from aftersales.cases.dossier import Dossier
from aftersales.cases.quoting import hidden, quoted, short, visible
from aftersales.cases.rows import order_rows, place_of, reference
from aftersales.tables.columns import known_total
from aftersales.words.language import NOTHING, Language, clock, full_day, percent, run_on, say

Copy = Literal["platform", "internal"]
# Evidence is printed whole: only a text or a list that no person wrote or read is cut, with a mark.
_SAID_MOST, _ROWS_MOST, _CELL_MOST = 4_000, 500, 60
_SHORT_MOST = 26  # cells that do not wrap: numbers, telephones
_NEEDS_FIRST = ("missing", "record", "file")  # what is still to be had stands on top
_PERSON_MOST = (_SHORT_MOST, _SHORT_MOST, 20, _CELL_MOST)  # member, receiver, telephone, address


def page(
    told: Dossier,
    *,
    copy: Copy,
    version: str,
    annex: Mapping[str, str],
    buyers: pl.DataFrame | None = None,
    unread: Sequence[str] = (),
    hide: tuple[str, ...] = (),
) -> str:
    """The copy as HTML that opens alone and loads nothing.

    ``annex`` gives the SHA-256 of the files packed with it; ``buyers`` are the clear values of the case's own buyers
    (order_id, buyer, receiver, mobile, phone, address, file, row), for the platform's copy alone, and ``unread`` the
    export files that could not be read again for them. ``hide`` are values that the copy must not show, whoever wrote
    them: the same people's, for the internal one.
    """
    if copy == "internal" and buyers is not None:
        raise ValueError("the internal copy shows nobody's clear name")
    style = files("aftersales_app.cases").joinpath("dossier.css").read_text("utf-8")
    style = style.replace("PLACE", reference(told.case.id, copy=copy))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    word = _words(told)
    context: dict[str, Any] = {
        "lang": "zh-CN" if told.language == "zh" else "en", "style": Markup(style),
        "style_hash": Markup(f"sha256-{digest}"), "shop": told.shop, "internal": copy == "internal",
        "copy_name": word(f"page.{copy}"), "title": _title(told), "cover": list(_cover(told, copy)),
        "numbered": _numbering(told), "statement": told.statement,
        "filing": filing(told), "ask": word(f"ask.{told.kind}"),
        "words": {c: word(f"column.{c}") for c in _COLUMNS}, "annex": list(annex.items()),
        "provenance": word("page.provenance", version=version),
        **_buyers(told, buyers, unread), **_claims(told), **_orders(told, buyers),
        **_compared(told), **_timeline(told, copy), **_evidence(told, copy),
        **_chats(told, own_words=copy == "platform" and not unread),
        **_clauses(told, copy),
        **(_internal(told) if copy == "internal" else {}),
    }  # fmt: skip
    return _templates(hide, told.language).get_template("dossier.html.j2").render(context)


_COLUMNS = (
    "claim", "record", "at", "source", "event", "from", "who", "text", "kind", "file", "taken", "clause", "says",
    "why", "need", "state", "where", "ground", "checked_by", "checked_on", "no_evidence",
)  # fmt: skip


@lru_cache(maxsize=4)
def _templates(hide: tuple[str, ...], language: Language) -> Environment:
    def shown(value: Any) -> Any:
        if isinstance(value, Markup) or not isinstance(value, str):
            return value
        return hidden(visible(value), hide, language=language)

    return Environment(
        loader=PackageLoader("aftersales_app.cases", "."),
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _words(told: Dossier) -> Any:
    return lambda key, **values: say(
        f"dossier.{key}", told.language, currency=told.currency, market=told.market, **values
    )


def _numbering(told: Dossier) -> Any:
    """Headings are numbered as they come: a section that has nothing to show takes no number."""
    seen: list[str] = []

    def numbered(section: str) -> str:
        seen.append(section)
        return f"{len(seen)}  " + say(f"dossier.page.{section}", told.language)

    return numbered


def _title(told: Dossier) -> str:
    orders, word, kind = told.records.orders["order_id"].n_unique(), _words(told), f"dossier.type.{told.kind}"
    if len(told.case.complaints) > 1:
        return word("page.title_complaints", type=kind, orders=orders, complaints=len(told.case.complaints))
    if orders == 1:
        return word("page.title_order", type=kind, order=told.records.orders["order_id"][0])
    return word("page.title_orders", type=kind, orders=orders)


def _cover(told: Dossier, copy: Copy) -> Iterator[tuple[str, str]]:
    word, orders = _words(told), told.records.orders
    numbers = orders["order_id"].unique(maintain_order=True).to_list()
    titles = [short(t, _CELL_MOST) for t in orders["title"].drop_nulls().unique(maintain_order=True)[:2]]
    yield word("page.cover_case"), reference(told.case.id, copy=copy)
    if numbers:
        named = "、".join(numbers) if len(numbers) <= 2 else word("page.orders_named", first=numbers[0], n=len(numbers))
        yield word("page.cover_order"), named
    yield word("page.cover_item"), "；".join(titles) or word("not_told")
    yield (
        word("page.cover_amount"),
        word(
            "page.amount",
            amount=known_total(orders["amount"]),
            paid=known_total(orders["paid"]),
            refund=known_total(told.records.refunds["amount"]),
        ),
    )
    yield word("page.cover_ask"), word(f"ask.{told.kind}")
    cited = [say(f"clause.name.{c.id}", told.language) for c in told.clauses]
    if cited:
        yield word("page.cover_clause"), "、".join(cited) if told.language == "zh" else ", ".join(cited)
    yield word("page.cover_deadline"), _deadline(told)
    if copy == "internal":
        yield word("page.cover_state"), say(f"case.state.{told.state}", told.language)
    yield word("page.cover_data"), full_day(told.known_until, told.language)


def _deadline(told: Dossier) -> str:
    word = _words(told)
    if not told.deadlines:
        return word("deadline.none")
    shown = [word(f"deadline.{d.what}{'_over' if d.over else ''}", at=d.at, of=d.of) for d in told.deadlines[:2]]
    return "；".join(shown) if told.language == "zh" else "; ".join(shown)


def _buyers(told: Dossier, buyers: pl.DataFrame | None, unread: Sequence[str]) -> dict[str, Any]:
    word = _words(told)
    if buyers is None:
        return {}
    note = word("page.unread", files=list(unread)) if unread else ""
    if told.own_orders != told.case.orders and not unread:
        note = word("page.others_hidden")
    people = buyers.with_columns(phone=pl.coalesce(_blank("mobile"), _blank("phone")))
    each = people.group_by("buyer", "receiver", "phone", "address", maintain_order=True).agg(
        pl.len(), pl.col("file", "row").first()
    )
    rows = [
        (
            *(short(v, most) or NOTHING for v, most in zip(row[:4], _PERSON_MOST, strict=True)),
            row[4],
            place_of(told, *row[5:]),
        )
        for row in each.head(_ROWS_MOST).iter_rows()
    ]
    if each.height > _ROWS_MOST:
        note = word("page.others_in_case", n=each.height - _ROWS_MOST, file="buyers.csv") + note
    columns = [word(f"column.{c}") for c in ("buyer", "receiver", "phone", "address", "orders", "from")]
    return {"buyers": rows, "buyers_columns": columns, "buyers_note": note} if rows or unread else {}


def _blank(column: str) -> pl.Expr:
    return pl.when(pl.col(column).str.strip_chars() != "").then(pl.col(column))


def _claims(told: Dossier) -> dict[str, Any]:
    rows = told.claims.select("claim", "record").head(_ROWS_MOST).rows()
    left = told.claims.height - _ROWS_MOST
    note = _words(told)("page.others_in_case", n=left, file="claims.csv") if left > 0 else ""
    return {"claims": rows, "claims_note": note}


def _orders(told: Dossier, buyers: pl.DataFrame | None) -> dict[str, Any]:
    rows = order_rows(told, buyers)
    if len(rows) < 2:
        return {}
    word = _words(told)
    names = ("order", "placed", *(("buyer",) if buyers is not None else ()), "amount", "paid", "shipped", "outcome")
    shown = [tuple(short(str(v), _SHORT_MOST) for v in row) for row in rows[:_ROWS_MOST]]
    left = len(rows) - _ROWS_MOST
    note = word("page.others_in_case", n=left, file="orders.csv") if left > 0 else ""
    return {"orders": shown, "orders_columns": [word(f"column.{n}") for n in names], "orders_note": note}


def _compared(told: Dossier) -> dict[str, Any]:
    found, word = told.compared, _words(told)
    if found is None or told.kind != "malicious_orders" or found.others.rate is None:
        return {}
    caption = word(
        "compare.caption",
        part=found.own.part,
        whole=found.own.whole,
        products=found.products,
        first=found.first,
        last=found.last,
        other=found.others.part,
        others=found.others.whole,
        low=found.others.low,
        high=found.others.high,
    )
    names = word("compare.own"), word("compare.others")
    return {"chart": Markup(shares_chart(found, names=names, label=caption)), "chart_caption": caption}


def _timeline(told: Dossier, copy: Copy) -> dict[str, Any]:
    word = _words(told)
    mine = told.timeline if copy == "internal" else told.timeline.filter(pl.col("source") != "case")
    shown = [
        {
            "at": clock(row["at"]),
            "source": word(f"source.{row['source']}"),
            "text": _with_order(told, row),
            "place": place_of(told, row["file"], row["row"]),
        }
        for row in mine.filter(pl.col("source") != "chat").iter_rows(named=True)  # chats have their own list
    ]
    note = word("page.all_rows", n=mine.height, file="timeline.csv")
    return {"timeline": _shortened(told, shown, "timeline.csv"), "timeline_note": note}


def _with_order(told: Dossier, row: Mapping[str, Any]) -> str:
    """Of several orders an entry names its own by the last six digits."""
    text = quoted(row["text"], most=_SAID_MOST, language=told.language)
    several = told.records.orders["order_id"].n_unique() > 1
    return f"…{row['order_id'][-6:]} {text}" if several and row["order_id"] else text


def _chats(told: Dossier, *, own_words: bool) -> dict[str, Any]:
    word = _words(told)
    rows = [
        {
            "at": clock(row["sent_at"]),
            "who": word(f"sender.{row['sender'] or 'unknown'}"),
            "text": quoted(row["text"], most=_SAID_MOST, language=told.language),
            "place": place_of(told, row["file"], row["row"]),
        }
        for row in told.records.messages.iter_rows(named=True)
    ]
    return {
        "chats": _shortened(told, rows, "messages.csv"),
        "chats_note": word("page.chats_note_platform" if own_words else "page.chats_note"),
    }


def _shortened(told: Dossier, rows: list[dict[str, Any]], file: str) -> list[dict[str, Any]]:
    """The first and the last rows, with a row between them that says how many are left out."""
    if len(rows) <= _ROWS_MOST:
        return rows
    first = (_ROWS_MOST + 1) // 2
    gap = _words(told)("page.rows_between", n=len(rows) - _ROWS_MOST, file=file)
    return [*rows[:first], {"gap": gap}, *rows[len(rows) - (_ROWS_MOST - first) :]]


def _evidence(told: Dossier, copy: Copy) -> dict[str, Any]:
    word = _words(told)
    there = [f for f in told.evidence if f.sha256]
    rows = [
        {
            "kind": short(f.kind, 16) or word("not_told"),
            "name": short(f.name, _CELL_MOST),
            # the shop's remark on a file is for its own eyes
            "note": "，".join(short(t, 30) for t in (f.source, f.note if copy == "internal" else None) if t),
            "at": clock(f.taken_at),
            "sha256": f.sha256,
        }
        for f in there[:_ROWS_MOST]
    ]
    left = len(there) - _ROWS_MOST
    note = word("page.others_in_case", n=left, file="evidence.csv") if left > 0 else ""
    return {"evidence": rows, "evidence_note": note}


def _clauses(told: Dossier, copy: Copy) -> dict[str, Any]:
    cited = [*told.clauses, *(told.clauses_internal if copy == "internal" else ())]
    rows = [tuple(say(f"clause.{part}.{c.id}", told.language) for part in ("name", "says", "why")) for c in cited]
    rules = dict.fromkeys((c.rule, c.number, c.first) for c in cited)
    word = _words(told)
    named = [
        word(
            "page.rule" if n else "page.rule_unnumbered",
            rule=f"clause.rule.{r}",
            number=n,
            first=day,
            source=f"clause.source.{r}",
        )
        for r, n, day in rules
    ]
    joined = "；".join(named) if told.language == "zh" else "; ".join(named)
    return {
        "clauses": rows,
        "clauses_note": word("page.clauses_note", rules=joined) if cited else word("page.no_clauses"),
    }


def _internal(told: Dossier) -> dict[str, Any]:
    word, of = _words(told), told.suspicion
    likely = word("page.likely", probability=of.probability) if of.probability is not None else word("page.not_listed")
    needs = [
        {
            "name": word(f"need.{n.id}"),
            "state": n.state,
            "told": word(f"need_state.{n.state}"),
            "where": word(f"where.{n.id}") if n.state != "file" else "",
            "mark": word("need_ground.articles", articles=n.articles) if n.articles else word("need_ground.common"),
        }
        for n in sorted(told.needs, key=lambda n: _NEEDS_FIRST.index(n.state))
    ]
    states = [
        (
            clock(row["at"]),
            quoted(
                " · ".join(t for t in (say(f"case.state.{row['state']}", told.language), row["by"], row["note"]) if t),
                most=160,
                language=told.language,
            ),
        )
        for row in told.states.tail(6).iter_rows(named=True)
    ]
    return {
        "needs": needs, "likely": likely, "reasons": list(of.reasons), "for_buyer": list(told.for_buyer),
        "weaknesses": list(told.weaknesses), "next_step": of.next_step or word("page.next_default"), "states": states,
        "offer": word("page.offer", low=of.offer[0], high=of.offer[1]) if of.offer else "",
    }  # fmt: skip


# The statement to paste into the platform's form: the claim, what stands against it, what is asked for.


# What the platform's form takes (举证说明).
CHARACTERS = 500
_NOT_AGAINST = ("none", "demand")


def filing(told: Dossier) -> str:
    """The statement, no longer than `CHARACTERS`: as many points as fit whole, the strongest first, then the request.

    Points are what records say against the claims; where none stands against them, the facts of the case as they are.
    """
    language, orders = told.language, told.records.orders["order_id"].unique(maintain_order=True).to_list()
    against = told.claims.filter(~told.claims["check"].is_in(list(_NOT_AGAINST)))["record"].unique(maintain_order=True)
    points = [say("dossier.filing.point", language, n=n, point=point) for n, point in enumerate(against, 1)]
    opening = say(
        "dossier.filing.opening" if len(orders) == 1 else "dossier.filing.opening_orders",
        language,
        type=f"dossier.type.{told.kind}",
        order=orders[0] if orders else "",
        orders=len(orders),
    )
    end = [say("dossier.filing.proof", language), say(f"dossier.ask.{told.kind}", language, market=told.market)]
    kept = [opening]
    for point in points or [told.statement]:
        if len(run_on([*kept, point, *end], language)) > CHARACTERS:
            break
        kept.append(point)
    return run_on([*kept, *end], language)


# The one small chart of a dossier: the share of these orders beside other buyers', as plain SVG.


_WIDTH, _ROW, _LEFT, _RIGHT = 700, 30, 110, 150
_INK, _GREY, _BLUE = "#1f2933", "#8a96a1", "#0b63a5"


def shares_chart(found: Comparison, *, names: tuple[str, str], label: str) -> str:
    """Two bars on one axis from 0 to 100 %, each with its counts; the interval is a thin line over its bar.

    >>> one = Share(1, 2, 0.5, 0.2, 0.8)
    >>> from datetime import date
    >>> drawn = shares_chart(Comparison(one, one, 1, date(2026, 1, 1), date(2026, 2, 1)), names=("a", "<b>"), label="x")
    >>> drawn.count("<rect"), "&lt;b&gt;" in drawn
    (2, True)
    """
    rows = [
        _row(share, name, colour, at)
        for at, (share, name, colour) in enumerate(((found.own, names[0], _BLUE), (found.others, names[1], _GREY)))
    ]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {2 * _ROW + 4}" role="img" aria-label="{escape(label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(rows)}</svg>'
    )


def _row(share: Share, name: str, colour: str, at: int) -> str:
    top, reach = at * _ROW + 4, _WIDTH - _LEFT - _RIGHT
    middle = top + _ROW / 2 - 3
    value, low, high = (reach * (x or 0.0) for x in (share.rate, share.low, share.high))
    text = f"{percent(share.rate)} ({share.part}/{share.whole})"
    end = _LEFT + max(value, high) + 8
    return (
        f'<text x="0" y="{middle + 4:.0f}" font-size="12" fill="{_INK}">{escape(name)}</text>'
        f'<rect x="{_LEFT}" y="{middle - 7:.0f}" width="{value:.1f}" height="14" fill="{colour}"/>'
        f'<path d="M{_LEFT + low:.1f} {middle:.0f}H{_LEFT + high:.1f}" stroke="{_INK}" stroke-width="1.4"/>'
        f'<text x="{end:.0f}" y="{middle + 4:.0f}" font-size="12" fill="{_INK}">{escape(text)}</text>'
    )
