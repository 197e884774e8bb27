"""A shop of sixty orders in a platform's real format, imported in two steps: what the kill and damage runs work on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from aftersales.sources.records import KEPT
from aftersales.sources.settings import Settings, load_settings
from aftersales.sources.store import Commit, ShopStore

SHOP, ZONE = "one", "Asia/Shanghai"
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
BUYER, ORDER = "tb7", "3515313000000007"
# what differs between two imports of the same files: when and under which name they were made
_OF_THE_RUN = {"import_id", "imported_at", "exported_at", "first_import", "made_at", "mark", "decided_on"}
_HEAD = (
    "订单编号,买家会员名,总金额,买家应付货款,买家实际支付金额,订单状态,收货地址 ,订单创建时间,订单付款时间 ,"
    "店铺名称,退款金额\n"
)
_ROW = '="3515313{n:09d}",tb{n},100.00,100.00,100.00,交易成功,浙江省 杭州市 西湖区,{at},{at},测试店,0.00\n'


def export(folder: Path, name: str, numbers: range) -> None:
    """An order report of these orders."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_ROW.format(n=n, at=f"2026-{10 + n % 2}-{1 + n % 19:02d} 10:00:00") for n in numbers]
    (folder / name).write_bytes((_HEAD + "".join(rows)).encode("gb18030"))


def make(folder: Path) -> Settings:
    """The shop with two imports of two days, and a third file waiting."""
    from aftersales.sources.importing import import_files

    folder.mkdir(parents=True)
    (folder / "shops.toml").write_text(
        f'[store]\npath = "store"\n[reports]\npath = "reports"\n[keep]\nas_of_days = 7\n[[shops]]\nid = "{SHOP}"\n'
        'name = "测试店"\nexports = "in"\nlanguage = "en"\n',
        "utf-8",
    )
    settings = load_settings(folder / "shops.toml")
    export(folder / "in", "a.csv", range(1, 40))
    import_files(settings, settings.shop(SHOP), now=NOW)
    export(folder / "in", "b.csv", range(30, 60))
    import_files(settings, settings.shop(SHOP), now=NOW + timedelta(days=1))
    export(folder / "in", "c.csv", range(55, 70))
    return settings


def store_of(folder: Path) -> ShopStore:
    """Its store, opened anew."""
    return ShopStore(load_settings(folder / "shops.toml").store_path, SHOP, ZONE)


def figures(store: ShopStore, commit: Commit | None = None) -> dict[str, tuple[int, int]]:
    """Rows and a hash of the contents of every table, whatever the order of its rows."""
    pinned, found = commit or store.head(), {}
    for name in KEPT:
        frame = store.table(name, pinned).collect()
        frame = frame.drop([c for c in frame.columns if c in _OF_THE_RUN])
        found[name] = (frame.height, int(frame.hash_rows(1).sum()) if frame.height and frame.width else 0)
    return found
