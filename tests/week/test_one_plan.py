"""Overview, mail, chat and index make one claim about a shop's measures and show one plan."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from aftersales.advice.suggest import WEEKS_UNDER_WAY
from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.week.loading import load
from aftersales.week.sections import weekly_overview
from aftersales.week.sections.plan import week_plan
from aftersales.words.language import say
from aftersales_app.mail.content import mail_content, summary
from aftersales_app.mail.html import shop_bodies
from aftersales_app.mail.mail_parts import LARGEST_CHAT, chat_text
from aftersales_app.reports.job import ReportJob
from aftersales_app.reports.run import run_report
from aftersales_demo.shop import simulate_shop
from aftersales_demo.spec import ShopSpec
from aftersales_demo.write import write_shop as write_demo_shop
from small_shops import write_config, write_shop

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "02-weekly-overview.ipynb"
DISPUTES = """投诉编号,订单编号,投诉时间,投诉类型,投诉渠道,投诉内容,诉求金额,举证截止时间,完结时间
D1,351531300000000001,2026-11-06 10:00:00,质量,平台,线头开了,30,2026-11-11 12:00:00,
D2,351531300000000002,2026-11-07 10:00:00,质量,平台,拉链坏了,50,2026-11-11 09:30:00,
D3,351531300000000003,2026-11-07 11:00:00,质量,平台,有一处脱线,,2026-11-12 09:30:00,
D4,351531300000000004,2026-11-02 11:00:00,质量,平台,颜色不对,20,2026-11-07 09:30:00,
D5,351531300000000005,2026-11-03 11:00:00,质量,平台,有污渍,20,2026-11-12 09:30:00,2026-11-05 10:00:00
"""
QUIET = ShopSpec(orders=4_000, faults=False, abuse=False, innocents=False, complaints=False)


@pytest.fixture(scope="module")
def opened(demo, tmp_path_factory):
    """A report of the full, the basic, a young and a quiet shop, by name and language."""
    folder = tmp_path_factory.mktemp("shops")
    write_shop(folder / "young" / "in")
    (folder / "young" / "in" / "disputes.csv").write_text(DISPUTES, "utf-8-sig")
    write_demo_shop(simulate_shop(QUIET, seed=11), folder / "quiet" / "in")
    places = {"demo": (demo, "demo"), "basic": (demo, "basic")}
    for name in ("young", "quiet"):
        toml = folder / name / "shops.toml"
        write_config(toml, exports="in", zone="Asia/Shanghai")
        if name == "quiet":
            toml.write_text(toml.read_text("utf-8").replace('"小店"', '"云栖家居旗舰店"'), "utf-8")
        settings = load_settings(toml)
        assert not import_files(settings, settings.shops[0]).failed
        places[name] = (folder / name, "s")

    @cache
    def report(name, language):
        place, shop = places[name]
        return load(shop, language=language, config=str(place / "shops.toml"))

    return report


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["demo", "basic", "young", "quiet"])
def test_the_headline_claims_what_the_table_shows_and_every_channel_says_it(opened, name, language):
    report = opened(name, language)
    table = weekly_overview.routine(report)
    rows = table.frame
    unsure = rows.filter(verdict=say("verdict.not_enough_data", language))
    normal = rows.filter(verdict=say("verdict.routine", language))
    beyond = rows.height - unsure.height - normal.height
    counts = {"watched": rows.height, "beyond": beyond, "routine": normal.height, "unsure": unsure.height}
    assert table.title == say("overview.title_measures", language, **counts)
    headline, told = weekly_overview.answer(report).headline, mail_content(report)
    if normal.height < rows.height:
        assert "一切正常" not in headline
        assert "All normal" not in headline
    claimed = [int(n) for n in re.findall(r"(\d+) (?:项|measures?)", headline)[:1]]
    assert not claimed or claimed == [rows.height], headline
    normal_said = re.search(r"(\d+) 项正常，(\d+) 项数据不足|(\d+) within the normal range, (\d+) cannot", headline)
    if normal_said:
        assert [int(n) for n in normal_said.groups() if n] == [normal.height, unsure.height]
    earlier = re.search(r"其中 (\d+) 项|(\d+) (?:of those )?(?:was|were) normal", headline)
    routine = say("verdict.routine", language)
    if earlier:
        assert int(earlier[1] or earlier[2]) == sum(text.endswith(routine) for text in unsure["earlier"].drop_nulls())
    bodies = shop_bodies(told)
    assert told.headline == headline
    assert summary(report, {language: told})["told"][language]["headline"] == headline
    assert headline in bodies.text
    assert chat_text(told).splitlines()[1] == headline[: LARGEST_CHAT // 8]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["demo", "basic", "young", "quiet"])
def test_every_channel_shows_the_one_plan_in_its_order(opened, name, language):
    report = opened(name, language)
    steps, told = week_plan(report), mail_content(report)
    shown = weekly_overview.actions(report)
    link = "https://reports.example/s/index.html"
    bodies, chat = shop_bodies(told, link=link), chat_text(told)
    assert shown.frame.select("what", "owner", "due", "why", "tell").rows() == [
        (step.what, step.owner, step.due, step.why, step.tell) for step in steps
    ]
    for text in (bodies.text, html.unescape(bodies.html), html.unescape(shown.html())):
        places = [text.index(step.what) for step in steps]
        assert places == sorted(places)
        assert all(part in text for step in steps for part in (step.why, step.tell, step.owner))
    assert link in bodies.text
    numbered = [line for line in chat.splitlines() if re.match(r"\d+\. ", line)]
    assert numbered == [f"{n}. {line}" for n, line in enumerate(told.lines[: len(numbered)], 1)]
    assert len(numbered) == len(steps) or str(len(steps) - len(numbered)) in chat.splitlines()[-1]
    assert summary(report, {language: told})["told"][language]["do"] == list(told.lines[:2])
    # the headline goes on to the first actions, and says that there is none only where that is true
    acted = [step for step in steps if step.urgency != "watch"]
    assert all((step.short or step.what) in told.headline for step in acted[:2])
    idle = "没有需要采取的行动|没有发现需要|No action needed|nothing to act on"
    assert bool(re.search(idle, told.headline)) == (not acted)
    if re.match("无法判断|本周没有数据|Cannot be judged|No data", told.headline):  # no more is known than is said
        assert not re.search("没有需要采取的行动|No action needed", told.headline)


@pytest.mark.parametrize("name", ["demo", "basic", "young", "quiet"])
def test_the_plan_leaves_out_nothing_that_presses_and_proposes_nothing_twice(opened, name):
    report = opened(name, "zh")
    data, steps = report.data, week_plan(report)
    orders = data.with_state(data.suspicious_orders("zh")).filter(~pl.col("decided"))
    complaints = data.with_state(data.suspicious_complaints("zh")).filter(~pl.col("decided"))
    due = pl.col("evidence_due_at").dt.date()
    suspected = set(complaints.filter(due > data.until)[:, "evidence_due_at"].dt.date())
    honest = data.tables["complaints"].filter(due > data.until, pl.col("closed_at").is_null()).collect()
    honest = honest.filter(~pl.col("complaint_id").is_in(data.suspicious_complaints("zh")["complaint_id"].implode()))
    pages = [(day, "malicious-complaints.html") for day in suspected]
    pages += [(day, "complaint-trends.html") for day in set(honest["evidence_due_at"].dt.date())]
    pressing = ["malicious-orders.html"] * int(orders["waiting"].any()) + [page for _, page in sorted(pages)]
    assert [step.href.partition("#")[0] for step in steps][: len(pressing)] == pressing
    if name == "young":
        told = [(s.urgency, s.what, s.due, s.why) for s in steps if s.href == "complaint-trends.html"]
        assert told == [
            ("today", "答复 2 件待举证的投诉", date(2026, 11, 11), "举证最早于 2026-11-11 09:30 截止，诉求金额 ¥80；D2、D1"),
            ("week", "答复 1 件待举证的投诉", date(2026, 11, 12), "举证最早于 2026-11-12 09:30 截止，诉求金额未知；D3"),
        ]  # fmt: skip
        assert "malicious" not in "".join(step.what + step.why for step in week_plan(opened(name, "en"))).lower()
    if orders["waiting"].any():
        assert f"{orders.filter('waiting')['order_id'].n_unique()} 单" in steps[0].what
    if orders.height:
        assert "malicious-orders.html#suspected-cases" in [step.href for step in steps]
    running = data.ledger.filter(pl.col("effective_from") > data.until - timedelta(weeks=WEEKS_UNDER_WAY))
    taken = set(running.select("lever_id", "part").rows())
    proposed = [step.href.rpartition("#")[2] for step in steps]
    for row in data.suggestions("zh").iter_rows(named=True):
        if any((row["lever"], part) in taken for part in row["scope"].split(" & ")):
            assert row["suggestion_id"] not in proposed
    assert all(step.owner and step.why and step.tell and step.due > data.until for step in steps)
    assert len({step.what for step in steps}) == len(steps)


@pytest.fixture(scope="module")
def overviews(opened, tmp_path_factory):
    """The overview's page of each shop in both languages."""
    folder, found = tmp_path_factory.mktemp("overviews"), []
    for name in ("demo", "basic", "young", "quiet"):
        data = opened(name, "zh").data
        job = ReportJob(
            data.shop.id, str(data.week), ("zh", "en"), (NOTEBOOK,), data.settings.file, "", folder / name,
            folder / "assets",
        )  # fmt: skip
        assert run_report(job).status == "ok"
        found += [folder / name / page for page in ("index.html", "index.en.html")]
    return found


def test_the_overview_takes_four_screens_of_a_phone_and_its_details_open_when_wanted(overviews, chromium):
    with chromium.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.route("**/plotly.min.js", lambda route: route.abort())  # charts lie in the fold, and cost seconds to draw
        for path in overviews:
            page.goto(path.as_uri())
            fold = page.locator("details.fold")
            read = page.evaluate("() => document.querySelector('.fold > summary').getBoundingClientRect().bottom")
            assert read <= 4 * 844, path
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, path
            assert page.locator(".tile").count() <= 8
            assert not page.locator(":is(.fold, .rest, .reason)[open]").count()
            inside = page.locator(".fold [id]").evaluate_all(
                "all => all.map(e => e.id).filter(id => !/-plot$/.test(id))"
            )
            assert len(inside) > 8
        page.goto(path.as_uri() + "#overview-measures")  # what a link leads to is shown
        assert page.locator("#overview-measures").is_visible()
        page.goto(path.as_uri().replace(".en", ""))
        page.locator(".fold > summary").press("Enter")
        assert fold.evaluate("fold => fold.open")
        page.locator(".fold > summary").press("Enter")
        page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
        assert fold.evaluate("fold => fold.open")
        page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        assert not fold.evaluate("fold => fold.open")
        page.set_viewport_size({"width": 1280, "height": 900})
        assert not page.locator(".reason:not([open])").count()  # where there is room the reasons stand open


@pytest.mark.parametrize("name", ["demo", "basic", "young", "quiet"])
def test_no_tile_without_a_value_and_something_to_hold_it_against(opened, name):
    for tile in getattr(weekly_overview.tiles(opened(name, "zh")), "tiles", ()):
        assert re.search(r"\d", tile.value)
        assert tile.comparisons or tile.state not in ("not_enough_data", "maturing")


def test_a_quiet_shop_is_told_to_do_nothing(opened):
    data = opened("quiet", "zh").data
    assert data.service_findings("zh").is_empty()
    assert data.suggestions("zh").is_empty()
    # the rules are replayed all the same, and none of them is pressed on the shop
    assert data.replays["purchase_limit"].answer != "worth"
    assert not [step for step in week_plan(opened("quiet", "zh")) if step.urgency != "watch"]
