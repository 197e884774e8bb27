"""A shop in which nothing is wrong is told to do nothing, through real files, the store and the week's own results."""

from __future__ import annotations

import pytest

from aftersales.demo.shop import simulate_shop
from aftersales.demo.spec import ShopSpec
from aftersales.demo.write import write_shop
from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.week.loading import load


@pytest.mark.slow
def test_a_quiet_shop_is_told_to_do_nothing(tmp_path):
    quiet = ShopSpec(orders=8_000, faults=False, abuse=False, innocents=False, complaints=False)
    write_shop(simulate_shop(quiet, seed=11), tmp_path / "in")
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n[[shops]]\nid = "demo"\nname = "云栖家居旗舰店"\n'
        'exports = "in"\n',
        "utf-8",
    )
    settings = load_settings(tmp_path / "shops.toml")
    assert not import_files(settings, settings.shops[0]).failed
    data = load("demo", config=str(tmp_path / "shops.toml")).data
    assert data.service_findings("zh").is_empty()
    assert data.suggestions("zh").is_empty()
    # the rules are replayed all the same, and none of them is pressed on the shop
    assert data.replays["purchase_limit"].answer != "worth"
