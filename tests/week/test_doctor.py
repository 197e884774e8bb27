"""`aftersales doctor`: what is in order, what is not, and its exit code."""

from __future__ import annotations

from typer.testing import CliRunner

from aftersales.sources.identity import KEY_NAME
from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales_app.cli import app

HEAD = "订单编号,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间 ,退款金额\n"
ROW = "35153130000000{n:05d},100.00,100.00,交易成功,2026-10-{day:02d} 10:00:00,2026-10-{day:02d} 10:01:00,0.00\n"


def doctor(folder, *words):
    done = CliRunner().invoke(app, ["doctor", *words, "--config", str(folder / "shops.toml")])
    return done.exit_code, done.output


def test_it_tells_what_is_in_order_and_what_is_not(tmp_path, monkeypatch):
    monkeypatch.delenv("AFTERSALES_KEY", raising=False)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(
        (HEAD + "".join(ROW.format(n=n, day=1 + n) for n in range(20))).encode("gb18030")
    )
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n[[shops]]\nid = "one"\nname = "店"\nexports = "in"\n'
        'language = "en"\n', "utf-8",
    )  # fmt: skip
    code, said = doctor(tmp_path)
    assert code == 0
    assert "nothing has been imported yet" in said
    settings = load_settings(tmp_path / "shops.toml")
    import_files(settings, settings.shop("one"))
    code, said = doctor(tmp_path, "--deep")
    assert code == 0
    assert "data version 1 is intact" in said

    store = ShopStore(settings.store_path, "one")
    file = next((store.folder.local / "orders").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1])
    code, said = doctor(tmp_path)
    assert code == 1
    assert f"{file.name} has" in said
    assert "data version 1 is damaged" in said

    key = (tmp_path / KEY_NAME).read_text("ascii")
    (tmp_path / KEY_NAME).write_text(key[::-1], "ascii")
    code, said = doctor(tmp_path)
    assert code == 1
    assert "The installation key is not the one" in said
