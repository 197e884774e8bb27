"""Headline, table, mail and chat of a shop's week make one and the same claim about its measures."""

from __future__ import annotations

import re
from functools import cache

import pytest

from aftersales.demo.shop import simulate_shop
from aftersales.demo.spec import ShopSpec
from aftersales.demo.write import write_shop as write_demo_shop
from aftersales.reports.mail.chat import chat_text
from aftersales.reports.mail.content import mail_content, summary
from aftersales.reports.mail.html import shop_bodies
from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.week.loading import load
from aftersales.week.sections import weekly_overview
from aftersales.words.language import say
from small_shops import write_config, write_shop

QUIET = ShopSpec(orders=800, faults=False, abuse=False, innocents=False, complaints=False)


@pytest.fixture(scope="module")
def opened(demo, tmp_path_factory):
    """A report of the full, the basic, a young and a quiet shop, by name and language."""
    folder = tmp_path_factory.mktemp("shops")
    write_shop(folder / "young" / "in")
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
    assert chat_text(told).splitlines()[1] == headline


@pytest.mark.parametrize("name", ["demo", "basic", "young", "quiet"])
def test_no_tile_without_a_value_and_something_to_hold_it_against(opened, name):
    for tile in getattr(weekly_overview.tiles(opened(name, "zh")), "tiles", ()):
        assert re.search(r"\d", tile.value)
        assert tile.comparisons or tile.state not in ("not_enough_data", "maturing")
