"""The program from outside: raw exports in, reports out; what goes wrong is a sentence and an exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pytest

from aftersales.findings.contract import CONTRACT

HEAD = "订单编号,总金额,买家实际支付金额,订单状态,收货地址 ,订单创建时间,订单付款时间 ,店铺名称,退款金额\n"
ROW = '="35153130000000{n:05d}",100.00,{net},交易成功,{place},2026-10-{day:02d} 10:00:00,2026-10-{day:02d} 10:01:00,{shop},{refund}\n'


def run(*words, cwd=None, **variables):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AFTERSALES_")} | variables
    return subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", *map(str, words)],
        capture_output=True, text=True, cwd=cwd, env=env, check=False, timeout=300,
    )  # fmt: skip


def orders(shop, count=200):
    places = ("浙江省 杭州市 西湖区", "湖北省 武汉市 武昌区", "上海 上海市 徐汇区")
    return HEAD + "".join(
        ROW.format(n=n, net="0.00" if n % 9 == 0 else "100.00", refund="100.00" if n % 9 == 0 else "0.00",
                   day=1 + n % 25, shop=shop, place=places[n % 3])
        for n in range(count)
    )  # fmt: skip


def shops(folder: Path, **texts):
    parts = ['[store]\npath = "store"\n[reports]\npath = "reports"\n']
    for shop, text in texts.items():
        (folder / shop).mkdir(parents=True)
        (folder / shop / "ExportOrderList.csv").write_bytes(text if isinstance(text, bytes) else text.encode("gb18030"))
        parts.append(f'[[shops]]\nid = "{shop}"\nname = "{shop}店"\nexports = "{shop}"\n')
    (folder / "shops.toml").write_text("".join(parts), "utf-8")
    return folder / "shops.toml"


def quiet(result):
    """Nothing on the screen that a shopkeeper should not see."""
    assert "Traceback" not in result.stdout + result.stderr
    return result


def test_three_shops_one_broken_give_two_reports_and_a_named_failure(tmp_path):
    config = shops(tmp_path, one=orders("one店"), two=orders("two店"), broken=b"PK\x03\x04 no csv at all")
    done = quiet(run("weekly", "--config", config, "--jobs", 2))
    assert done.returncode == 1
    for shop in ("one", "two"):
        record = json.loads((tmp_path / "reports" / shop / "2026-W43" / "run.json").read_text("utf-8"))
        assert record["status"] == "ok"
        assert str(tmp_path / "reports" / shop / "2026-W43" / "index.html") in done.stdout
    assert not (tmp_path / "reports" / "broken").exists()
    assert re.search(r"broken：没有报告.*ExportOrderList\.csv", done.stdout)


def test_the_real_file_goes_from_raw_csv_to_report(tmp_path, shared):
    (tmp_path / "in").mkdir()
    shutil.copy(shared / "tmall_order_report.csv", tmp_path / "in")
    config = tmp_path / "shops.toml"
    config.write_text('[[shops]]\nid = "tmall"\nname = "某店"\nexports = "in"\nlanguage = "en"\n', "utf-8")
    done = quiet(run("weekly", "--config", config))
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "reports" / "tmall" / "2020-W09"
    signals = pl.read_parquet(folder / "findings" / "signals.parquet")
    rates = signals.filter(pl.col("measure").is_in(["refund_rate_orders", "refund_rate_money"]))
    assert rates.group_by("measure").len()["len"].to_list() == [5, 5]
    assert rates["verdict"].unique().to_list() == ["not_enough_data"]
    page = (folder / "refund-trends.html").read_text("utf-8")
    assert "23.1% of gross sales was refunded (¥572K of ¥2.47M)" in page
    assert "2 of" in page
    assert "1 of 30 days without a paid order: 16 Feb" in page
    assert "Hubei" in page


def test_every_findings_file_is_there_with_its_columns(demo):
    done = quiet(run("weekly", "--config", demo / "shops.toml", "--shop", "basic", "--no-import"))
    assert done.returncode == 0, done.stdout + done.stderr
    [folder] = (demo / "reports" / "basic").glob("2026-W*/findings")
    for name, columns in CONTRACT.items():
        found = pl.read_parquet(folder / f"{name}.parquet")
        assert found.columns[: len(columns)] == list(columns), name


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes_and_both_engines_agree(demo, tmp_path):
    made = {}
    for name, words in {"first": (), "again": (), "kernel": ("--engine", "kernel")}.items():
        shutil.rmtree(demo / "reports", ignore_errors=True)
        done = quiet(run("weekly", "--config", demo / "shops.toml", "--shop", "basic", "--no-import", *words))
        assert done.returncode == 0, done.stdout + done.stderr
        [folder] = (demo / "reports" / "basic").glob("2026-W*")
        files = [p for p in sorted(folder.rglob("*")) if p.suffix in (".html", ".parquet")]
        made[name] = {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}
    assert len(made["first"]) > 10
    assert made["first"] == made["again"]
    assert made["first"] == made["kernel"]


def test_a_pinned_day_repeats_the_report(tmp_path):
    config = shops(tmp_path, one=orders("one店"))
    assert run("import", "one", "--config", config).returncode == 0
    done = quiet(run("weekly", "--config", config, "--as-of", "2020-01-01"))
    assert done.returncode == 1
    assert "在 2020-01-01 之前没有导入" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("weekly", "--shop", "dmeo"), "There is no shop 'dmeo'"),
        (("weekly", "--week", "last"), "A week is written like 2026-W46"),
        (("weekly", "--engine", "magic"), "There is no engine 'magic'"),
        (("weekly", "-p", "colour=red"), "colour"),
        (("weekly", "-p", "nothing"), "name=value"),
        (("weekly", "--as-of", "yesterday"), "A date is written like 2026-11-15"),
        (("import", "nobody"), "There is no shop 'nobody'"),
        (("import", "--undo"), "no import of the shop 'one' left to take back"),
        (("import", "one", "a.csv", "--undo"), "--undo and --withdraw stand alone"),
        (("import", "--id", "000001"), "--id names the import that --undo takes back"),
        (("layout", "nowhere.csv"), "There is no file nowhere.csv"),
        (("layout", "/tmp"), "tmp is a folder, not a file"),
        (("layout", "shops.toml", "--zone", "Mars/Base"), "There is no time zone 'Mars/Base'"),
        (("train", "nowhere.csv"), "There is no file nowhere.csv"),
        (("init", "shops.toml"), "shops.toml/data/myshop cannot be used. Found: Not a directory"),
        (("demo", "shops.toml/in"), "shops.toml/in/yunqi cannot be used. Found: Not a directory"),
    ],
)
def test_a_wrong_question_is_refused_in_one_sentence_before_anything_starts(tmp_path, words, said):
    config = shops(tmp_path, one=orders("one店"))
    config.write_text(config.read_text("utf-8") + 'language = "en"\n', "utf-8")
    where = () if words[0] in ("layout", "init", "demo") else ("--config", config)
    done = quiet(run(*words, *where, cwd=tmp_path))
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "reports").exists()


def test_a_dry_run_over_a_file_that_cannot_be_read_ends_as_the_import_would(tmp_path):
    config = shops(tmp_path, one=orders("one店"))
    with zipfile.ZipFile(tmp_path / "one" / "more.zip", "w") as packed:
        packed.writestr("in/more.csv", orders("one店", 3))
        packed.writestr("in/picture.png", b"x")
    (tmp_path / "one" / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    dry = quiet(run("import", "one", "--dry-run", "--config", config))
    assert dry.returncode == 0
    assert "more.zip/in/more.csv:" in dry.stdout
    (tmp_path / "one" / "b.csv").write_bytes(b"")
    for words in (("--dry-run",), (), (), ("--dry-run", "nowhere.csv"), ("--dry-run", tmp_path), (tmp_path,)):
        done = quiet(run("import", "one", *words, "--config", config))
        assert done.returncode == 1, words
        assert "the program failed" not in done.stdout


@pytest.mark.parametrize("week", ["2026-W20", "2027-W01"])
def test_a_week_without_data_says_which_data_there_is(tmp_path, week):
    config = shops(tmp_path, one=orders("one店"))
    done = quiet(run("weekly", "--config", config, "--week", week))
    assert done.returncode == 1
    assert f"没有 {week} 这一周的数据。实际：数据从 2026-10-01 到 2026-10-25" in done.stdout


def test_a_malformed_shops_toml_names_line_and_key(tmp_path):
    config = shops(tmp_path, one=orders("one店"))
    config.write_text(config.read_text("utf-8").replace('exports = "one"', "exprots = 'one'"), "utf-8")
    done = quiet(run("status", "--config", config))
    assert done.returncode == 2
    assert "line 8" in done.stderr
    assert "exprots" in done.stderr


def test_no_shops_toml_says_how_to_get_one_and_init_writes_it(tmp_path):
    done = quiet(run("status", cwd=tmp_path))
    assert done.returncode == 2
    assert "aftersales init" in done.stderr
    assert run("init", tmp_path, "--shop", "my-shop", "--name", "我的店").returncode == 0
    assert (tmp_path / "data" / "my-shop").is_dir()
    done = quiet(run("status", cwd=tmp_path))
    assert "我的店" in done.stdout
    done = quiet(run("weekly", cwd=tmp_path))
    assert done.returncode == 1
    assert "还没有订单" in done.stdout


def test_the_program_tells_its_version():
    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, version("aftersales"))
