"""Every number that a page says is the number that was computed, and the same thing has the same number everywhere."""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy
from functools import cache
from itertools import chain, combinations
from pathlib import Path

import polars as pl
import pytest
from said import SCALES, numbers, soup, unexplained, values_of, words

import aftersales as asa
from aftersales.findings.headline import JUDGED_WITHIN
from aftersales.measures.reasons import USUAL_WEEKS
from aftersales.week.sections.plan import week_plan
from aftersales.words.language import LANGUAGES, catalogue, say

pytestmark = pytest.mark.slow
HAN = re.compile("[\u3400-\u9fff]+")
COUNTED = {  # a rate beside what it was counted from
    "zh": (
        re.compile(r"(?P<rate>[\d.]+)%（(?P<whole>[\d,]+) 单中 (?P<part>[\d,]+) 单）"),
        re.compile(r"(?P<rate>[\d.]+)%（(?P<part>[\d,]+) 单申请退款，基数约 (?P<whole>[\d,]+) 单）"),
    ),
    "en": (
        re.compile(r"(?P<rate>[\d.]+)%(?: so far)? \((?P<part>[\d,]+) of (?P<whole>[\d,]+)(?: orders?)?\)"),
        re.compile(r"(?P<rate>[\d.]+)%(?: so far)? \((?P<part>[\d,]+) refund requests? from about (?P<whole>[\d,]+) "),
    ),
}
MOST_DRAWN = 12
ESTIMATE = ("预计", "估计", "expected", "estimated")


@pytest.fixture(scope="module")
def week(config):
    """The shop's week of every page, by shop and language."""
    return cache(lambda shop, language: asa.open(shop, language=language, config=config))


@pytest.fixture(scope="module")
def read(reports):
    """A page of a shop, parsed once."""

    @cache
    def page(shop, name, language):
        first = json.loads(next(reports.glob(f"{shop}/*/run.json")).read_text("utf-8"))["languages"][0]
        [path] = reports.glob(f"{shop}/*/{name}{'' if language == first else f'.{language}'}.html")
        return soup(path)

    return page


@pytest.fixture(scope="module")
def names(week):
    """What the shop's own data call things, in which digits are no numbers."""

    @cache
    def found(shop):
        data = week(shop, "zh").data
        spoken = {s for language in LANGUAGES for s in data.all_drivers(language)["spoken"]}
        return {t for t in shop_words(data) | spoken if len(t) > 2 and re.search(r"\d", t)}

    return found


def shop_words(data):
    """What the shop's own data call things: products, options, places, couriers, batches, and what was decided."""
    orders, products = data.tables["orders"], data.problem_products
    columns = ("title", "sku", "category", "province", "courier", "batch", "warehouse")
    there = [c for c in columns if c in orders.collect_schema().names()]
    texts = {t for c in there for t in orders.select(pl.col(c).drop_nulls().unique()).collect()[c].to_list()}
    parts = {part.partition(":")[2] for t in texts if ":" in t for part in t.split(";")}
    options = set(products["options"].drop_nulls()) if products.height else set()
    decided = {str(v) for row in data.tables["decisions"].collect().iter_rows() for v in row if isinstance(v, str)}
    return {t for t in texts | parts | options | decided if t}


def rows_by_page(data, language):
    """The findings that each page's conclusions are the sentences of."""
    orders = data.with_state(data.suspicious_orders(language)).filter(~pl.col("decided"))
    cases = orders.group_by("case_id").agg(
        orders=pl.len(), money=pl.col("money_at_risk").cast(pl.Float64).sum(), waiting=pl.col("waiting").sum()
    )
    return {
        "problem-products": data.problem_products,
        "malicious-orders": cases,
        "malicious-complaints": data.suspicious_complaints(language),
        "policy-and-service": data.suggestions(language),
        "did-it-work": data.decisions(language),
    }


def sums(frame):
    """What a headline may say of a whole list: how many rows, distinct values, and the sum of each column."""
    found = [float(frame.height)]
    for name, kind in frame.schema.items():
        if kind.is_numeric():
            column = frame[name].cast(pl.Float64)
            found += [float(column.sum()), float((1 - column).sum())]
        elif kind == pl.Boolean:
            found.append(float(frame[name].sum()))
        elif kind == pl.String:
            found.append(float(frame[name].n_unique()))
            found += [float(n) for n in frame[name].value_counts()["count"]]
    return found


def told_from_one_row(text, frames, names):
    """Whether all numbers of a sentence stand in one and the same row."""
    rows = [row for frame in frames for row in frame.iter_rows(named=True)]
    return any(not unexplained(text, values_of(row), names=names) for row in rows)


def cells(table, names):
    return [n.value for cell in table.select("td") for n in numbers(words(cell), names=names)]


def derived(figure, names):
    """What a chart's title may say beyond its cells: counts of rows, sums of columns, differences within a row."""
    rows = [
        [[n.value for n in numbers(words(c), names=names)] for c in r.select("td")] for r in figure.select("tbody tr")
    ]
    marked = [["num" in c.get("class", []) for c in r.select("td")] for r in figure.select("tbody tr")]
    flat = [[c[0] if c and m else None for c, m in zip(*both, strict=True)] for both in zip(rows, marked, strict=True)]
    found = [float(n) for n in range(len(rows) + 1)]
    for column in zip(*flat, strict=False):
        known = [v for v in column if v is not None]
        found += [sum(known), *([v / sum(known) for v in known] if sum(known) else [])]
    apart = []
    for row in flat:
        known = [v for v in row if v is not None]
        found += [a - b for a in known for b in known] + [a / b for a in known for b in known if b]
        apart.append(known[0] - known[1] if len(known) > 1 else 0.0)
    found += [sum(some) for many in (2, 3, 4) for some in combinations(apart[:8], many)]
    return found + shares_before(figure, flat)


def shares_before(figure, flat):
    """Of tables with a week, a part and a count: each part's share of all weeks but the last, and the last week's whole."""
    texts = [[words(c) for c in r.select("td")] for r in figure.select("tbody tr")]
    if not texts or len(texts[0]) < 3 or any(row[2] is None for row in flat):
        return []
    early = [(t[1], row[2]) for t, row in zip(texts, flat, strict=True) if t[0] != texts[-1][0]]
    late = sum(row[2] for t, row in zip(texts, flat, strict=True) if t[0] == texts[-1][0])
    whole = sum(n for _, n in early)
    return [late, *(sum(n for p, n in early if p == part) / whole for part in {p for p, _ in early} if whole)]


def in_days(said):
    """A number of days as days: "缺 7 天" and "days missing: 7" are the same."""
    return said.value / 24 if re.search("天|day", said.text) else said.value


def signals_now(data):
    return data.signals.filter((pl.col("week") == str(data.week)) & (pl.col("scope") == "shop"))


def signals_judged(data):
    """What the headline may be told from: of each measure the newest of the last weeks that could be judged."""
    recent = [str(data.week.shift(-back)) for back in range(JUDGED_WITHIN)]
    judged = data.signals.filter(
        pl.col("week").is_in(recent) & (pl.col("scope") == "shop") & (pl.col("verdict") != "not_enough_data")
    )
    return judged.sort("week").group_by("measure", maintain_order=True).last()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headline_of_the_week_is_told_from_the_signal_and_the_driver(week, read, names, language):
    report, page = week("demo", language), read("demo", "index", language)
    data, headline = report.data, words(page.h1)
    steps = week_plan(report)
    head = headline.partition("先处理：" if language == "zh" else "First: ")[0]
    # then come the plan's first lines, which stand in full below
    assert all((step.short or step.what) in headline for step in steps[:2])
    rows = page.select("#overview-actions tbody tr")
    assert [step.what for step in steps] == [words(row.a) for row in rows]
    assert [step.href for step in steps] == [row.a["href"] for row in rows]
    told = [values_of(row) for row in signals_judged(data).iter_rows(named=True)]
    drivers = [values_of(row) for row in data.drivers(language).iter_rows(named=True)] or [[]]
    assert numbers(head, names=names("demo")), head
    assert any(not unexplained(head, s + d, names=names("demo")) for s in told for d in drivers), head
    # the checker bites: another digit is found out
    assert unexplained(
        re.sub(r"\d(?=%)", lambda m: str((int(m[0]) + 1) % 10), head), told[0] + drivers[0], names=names("demo")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_conclusion_is_told_from_one_finding(week, read, names, language):
    data, page = week("demo", language).data, read("demo", "index", language)
    found = [
        data.signals,
        data.problem_products,
        data.drivers(language),
        data.persistent(language),
        data.reasons_against_usual.with_columns(weeks=pl.lit(USUAL_WEEKS)),
    ]
    points = page.select(".as-verdict li")
    assert 1 <= len(points) <= 3
    for point in points:
        fact = words(point.strong)
        detail = words(point).removeprefix(fact).strip()
        assert told_from_one_row(fact, found, names("demo")), fact
        assert not numbers(detail, names=names("demo")) or told_from_one_row(
            detail, [data.drivers(language)], names("demo")
        ), detail
        assert point.select_one(".do") is None  # what to do stands in the plan alone


@pytest.mark.parametrize(
    "name", ["problem-products", "malicious-orders", "malicious-complaints", "policy-and-service", "did-it-work"]
)
@pytest.mark.parametrize("shop", ["demo", "basic"])
def test_headlines_and_conclusions_of_every_page_are_told_from_its_findings(week, read, names, shop, name):
    for language in json.loads(
        Path(week(shop, "").data.settings.reports_path, shop, str(week(shop, "").data.week), "run.json").read_text(
            "utf-8"
        )
    )["languages"]:
        data, page = week(shop, language).data, read(shop, name, language)
        frame = rows_by_page(data, language)[name]
        known = sums(frame)
        if name == "problem-products" and frame.height:
            money = frame["money_at_stake"].cast(pl.Float64)
            known += [money.head(n).sum() / money.sum() for n in range(1, frame.height + 1)] + list(
                range(frame.height + 1)
            )
        if name == "malicious-orders":
            listed = data.with_state(data.suspicious_orders(language))
            waiting = listed.filter(~pl.col("decided"))
            known += [
                waiting["order_id"].n_unique(), listed.filter("decided")["case_id"].n_unique(),
                float(waiting.unique("order_id")["money_at_risk"].cast(pl.Float64).sum()),
            ]  # fmt: skip
        if name == "malicious-complaints":
            waiting = data.with_state(frame).filter(~pl.col("decided"))
            open_now = waiting.filter(pl.col("evidence_due_at").dt.date() > data.until).height
            filed = data.tables["complaints"].filter(pl.col("filed_at").dt.date().is_between(data.quarter, data.until))
            known += [12, filed.collect().height, open_now, waiting.height, float(waiting["asked"].sum())]
        if name == "policy-and-service":
            known += sums(frame.filter(pl.col("state") != "decided"))
        if name == "did-it-work":
            known += [
                float(frame.filter(verdict=v).height)
                for v in ("worked", "did_not", "harmed", "too_early", "cannot_tell")
            ]
        head = words(page.h1)
        assert unexplained(head, known, names=names(shop)) == [], (head, known)
        for point in page.select(".as-verdict li"):
            fact = words(point.strong)
            days = re.sub(r"90 ?%|近 12 周|12 weeks|\d+ 周|\d+ weeks", "", fact)
            assert told_from_one_row(days, [frame], names(shop)), (language, days)


@pytest.mark.parametrize("shop", ["demo", "basic"])
def test_tiles_say_what_the_signals_say(week, read, names, shop):
    language = week(shop, "").language
    data, page = week(shop, language).data, read(shop, "index", language)
    rows = {say(f"measure.{r['measure']}", language): r for r in signals_now(data).iter_rows(named=True)}
    before = {
        r["measure"]: r["value"]
        for r in data.signals.filter(week=str(data.week.shift(-1)), scope="shop").iter_rows(named=True)
    }
    measured = 0
    for tile in page.select(".tile"):
        row = rows.get(words(tile.select_one(".label")))
        if row is None:
            continue
        measured += 1
        if row["value"] is None:
            assert words(tile.select_one(".value")) == "–"
            continue
        [value] = numbers(words(tile.select_one(".value")))
        assert value.means(row["value"]), words(tile)
        state = words(tile.select_one(".state"))
        assert ("▲" in state) == (row["verdict"] == "above")
        assert ("●" in state) == (row["verdict"] == "routine")
        note = words(tile.select_one(".note"))
        counts = [row["part"], row["whole"], row["seen"]]
        assert unexplained(note, counts) == [], note
        assert row["part"] == 0 or any(n.means(row["part"]) for n in numbers(note)), note
        versus = tile.select(".versus b")
        if versus and before.get(row["measure"]) is not None:
            [change] = numbers(words(versus[0]))
            assert change.means(row["value"] - before[row["measure"]]), words(tile)
    assert measured >= (4 if shop == "demo" else 2)


def test_a_rate_beside_its_counts_is_their_quotient_unless_it_says_that_it_is_an_estimate(reports):
    """Divided by hand, what stands in brackets gives the rate before them."""
    checked = 0
    for path in sorted(reports.glob("*/2026-W*/*.html")):
        language = "en" if path.stem.endswith(".en") or path.parts[-3] == "young" else "zh"
        for element in soup(path).select("h1, h3, li, p, td"):
            text = words(element)
            for match in chain.from_iterable(pattern.finditer(text) for pattern in COUNTED[language]):
                part, whole = (float(match[n].replace(",", "")) for n in ("part", "whole"))
                if any(word in text[max(0, match.start() - 24) : match.start()] for word in ESTIMATE):
                    continue
                digits = len(match["rate"].partition(".")[2])
                # counts at risk are weighted: written whole, they leave the quotient half an order's room
                room = 0.5 * 10.0**-digits + 100 * part / whole * 0.5 / whole + 1e-6
                assert abs(float(match["rate"]) - 100 * part / whole) <= room, (path.name, text)
                checked += 1
    assert checked >= 20


@pytest.mark.parametrize("shop", ["demo", "basic"])
def test_what_a_chart_says_stands_in_its_data_table_and_in_its_picture(reports, names, week, shop):
    charts = 0
    judged = {f"decision-{d['decision_id'].lower()}": d for d in week(shop, "zh").data.judged_decisions.to_dicts()}
    for path in sorted(reports.glob(f"{shop}/2026-W*/*.html")):
        for figure in soup(path).select("figure.chart"):
            table = figure.select_one("details table")
            if table is None:
                continue
            charts += 1
            known = cells(table, names(shop)) + derived(figure, names(shop))
            # what the caption defines (an interval of 90 %, twelve weeks) may be said as well
            known += [n.value for n in numbers(words(figure.figcaption), names=names(shop))]
            # a decision's verdict stands in its row of the findings, with the effect and its 90 % interval
            known += [0.9] * (figure["id"] in judged)
            known += [v for v in judged.get(figure["id"], {}).values() if isinstance(v, int | float)]
            box = figure.select_one(".plot")
            drawn = [
                float(x) for x in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", figure.select_one(".plot-data").string)
            ]
            for text in (words(figure.h3), words(figure.select_one(".so-what")), box["aria-label"]):
                left = [
                    n.text for n in numbers(text, names=names(shop)) if not any(n.means(x) for x in (*known, *drawn))
                ]
                assert left == [], (path.name, figure["id"], text)
            strong = [n for cell in table.select("td.strong") for n in numbers(words(cell), names=names(shop))]
            few = len(table.select("tbody tr")) <= MOST_DRAWN  # a longer table tells more than its picture
            hidden = [n.text for n in strong if few and n.kind != "count" and not any(n.means(x) for x in drawn)]
            assert hidden == [], (path.name, figure["id"])
    assert charts >= (30 if shop == "demo" else 10)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_measure_has_the_same_number_on_every_page_and_in_the_mail(reports, week, read, language):
    data = week("demo", language).data
    overview = read("demo", "index", language)
    tiles = {words(t.select_one(".label")): words(t.select_one(".value")) for t in overview.select(".tile")}
    table = {words(r.td): words(r.select("td")[1]) for r in overview.select("#overview-measures tbody tr")}
    tour = {
        words(t.select_one(".label")): words(t.select_one(".value"))
        for t in read("demo", "start-here", language).select(".tile")
    }
    [mail] = reports.glob(f"demo/*/mail.{language}.eml")
    html = message_from_bytes(mail.read_bytes(), policy=policy.default).get_body(("html",)).get_content()
    seen = 0
    for row in signals_now(data).iter_rows(named=True):
        name = say(f"measure.{row['measure']}", language)
        said = {where[name] for where in (tiles, table, tour) if name in where}
        assert len(said) == 1, (name, said)
        seen += len(said)
        shown = [
            words(f.select_one("details tbody tr:last-child td:nth-of-type(2)"))
            for page in ("index", "refund-trends", "complaint-trends")
            for f in read("demo", page, language).select("figure.chart")
            if f["id"] in (f"exception-{row['measure'].replace('_', '-')}",)
        ]
        assert set(shown) <= said
        if f">{name}<" in html:
            [value] = said
            assert value in html, (name, value)
    assert seen >= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_come_to_the_same_on_the_overview_as_on_their_own_pages(read, language):
    overview = read("demo", "index", language)
    for part, page in (
        ("overview-malicious-orders", "malicious-orders"), ("overview-malicious-complaints", "malicious-complaints"),
        ("overview-decisions", "did-it-work"), ("product-ranking", "problem-products"),
    ):  # fmt: skip
        block = overview.select_one(f"#{part}")
        assert block is not None, part
        rows = block.select("tbody tr")
        assert not rows or words(block.h3) == words(read("demo", page, language).h1), part
        assert block.select_one(".more a")["href"].startswith(page)


def test_both_languages_say_the_same_numbers(read, names):
    """Sentence by sentence: what stands on the Chinese page in digits stands on the English one, and in the same place."""
    compared = 0
    for name in (
        "index",
        "refund-trends",
        "complaint-trends",
        "problem-products",
        "malicious-orders",
        "malicious-complaints",
        "policy-and-service",
        "did-it-work",
        "data-health",
    ):
        pair = [read("demo", name, language) for language in ("zh", "en")]
        for where in (
            "h1",
            ".as-verdict li strong",
            "h3",
            ".tile .value",
            ".tile .versus b",
            "td.num",
            "td.strong",
            ".plot",
        ):
            said = [[e["aria-label"] if where == ".plot" else words(e) for e in page.select(where)] for page in pair]
            assert len(said[0]) == len(said[1]), (name, where)
            for zh, en in zip(*said, strict=True):
                one, other = (sorted(map(in_days, numbers(t, names=names("demo")))) for t in (zh, en))
                steps = [n.step for t in (zh, en) for n in numbers(t, names=names("demo"))]
                assert len(one) == len(other), (name, zh, en)
                room = max(steps, default=0.0)
                assert all(abs(abs(a) - abs(b)) <= room for a, b in zip(one, other, strict=True)), (name, zh, en)
                compared += len(one)
    assert compared > 500


def test_no_chinese_is_left_on_an_english_page_but_the_shops_own_data(reports, week, names):
    own = {"中文"}
    for data in (week(shop, "zh").data for shop in ("demo", "basic")):
        own |= shop_words(data) | {data.shop.name, *data.shop.people.values()}
        for table in ("complaints", "decisions", "files", "evidence", "messages", "parcels"):
            frame = data.tables[table].collect()
            own |= {t for c, kind in frame.schema.items() if kind == pl.String for t in frame[c].drop_nulls()}
    # files, their columns and the programs they come from have their own names, and a buyer's draft is written in the buyer's language
    own |= {"批次", "商品", "统计日期", "访客数", "生意参谋"}
    texts = sorted((str(t) for t in own if t and HAN.search(str(t))), key=len, reverse=True)
    left = {}
    for path in sorted(reports.glob("*/2026-W*/*.html")):
        page = soup(path)
        if page.html["lang"] != "en":
            continue
        for waste in page.select("script:not(.plot-data), style, .draft"):
            waste.decompose()
        said = " ".join(
            [
                words(page),
                *(e[a] for a in ("aria-label", "title", "alt") for e in page.select(f"[{a}]")),
                *(e.string for e in page.select(".plot-data")),
            ]
        )
        for text in texts:
            said = said.replace(text, "")
        if found := HAN.findall(said):
            left[path.name] = sorted(set(found))[:20]
    assert left == {}


def test_no_page_shows_a_sentence_by_its_key(reports):
    keys = {k for k in catalogue() if "." in k}
    for path in sorted(reports.glob("*/2026-W*/*.html")):
        said = words(soup(path).body)
        assert not [k for k in re.findall(r"\b[a-z_]+(?:\.[a-z_]+)+\b", said) if k in keys], path.name
        assert "{" not in re.sub(r"\{[\"'].*", "", said), path.name


def test_scales_of_money_are_those_of_the_formatter():
    assert {"万", "亿", "K", "M", "B"} == set(SCALES) - {None}
    assert [(n.kind, n.value) for n in numbers("¥48.6万，+4.9 个百分点，3.9 天")] == [
        ("money", 486000.0),
        ("rate", 0.049),
        ("hours", 93.6),
    ]
    assert [n.value for n in numbers("since 19 Oct, 67 of 262 orders in ZT1108-1019B, 2026-W47")] == [67.0, 262.0]


def test_ids_are_those_of_things_and_the_same_in_both_languages(reports):
    """A link that somebody kept leads to the same thing next week: no id counts, none hangs on a language."""
    demo = [p for p in sorted(reports.glob("demo/*/*.html")) if not p.name.startswith(("explorer", "overview"))]
    ids = {p.name: set(re.findall(r'<(?:h2|tr|section|figure)[^>]* id="([^"]+)"', p.read_text("utf-8"))) for p in demo}
    chinese = [name for name in ids if not name.endswith(".en.html")]
    assert len(chinese) > 8
    for name in chinese:
        assert ids[name] == ids[name.replace(".html", ".en.html")], name
        assert [i for i in ids[name] if re.fullmatch(r"s\d*|(?!decision-).*-\d{1,2}", i)] == [], name
    products = [i for i in ids["problem-products.html"] if i.startswith("product-7")]
    assert products, ids["problem-products.html"]
    assert {f"weeks-of-{i}" for i in products} & ids["problem-products.html"]
    orders = next(p for p in demo if p.name == "malicious-orders.html").read_text("utf-8")
    led = set(re.findall(r'href="#(suspect-[^"]+)"', orders))
    assert led
    assert led <= ids["malicious-orders.html"]
