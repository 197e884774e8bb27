"""Errors in Chinese: every sentence that a shopkeeper meets has one, and the program says it where it is wanted."""

from __future__ import annotations

import ast
import errno
import os
import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from aftersales.words.errors import error_in
from aftersales_app import cli
from aftersales_app.starting import start
from small_shops import write_config

LIB = Path(str(files("aftersales"))).parent
SENTENCES = tomllib.loads((LIB / "aftersales" / "words" / "errors.toml").read_text("utf-8"))["sentences"]
# What other programs say: pydantic of a value in shops.toml, the system of a file.
OF_OTHERS = re.compile("Input should be|String should")
# What analysts meet who call functions on tables of their own, and who makes up shops; the rest a shopkeeper may meet.
OF_ANALYSTS = (
    "aftersales/advice", "aftersales/charts", "aftersales/findings", "aftersales/measures", "aftersales/stats",
    "aftersales/words/language.py", "aftersales/words/promotions.py", "aftersales_demo",
)  # fmt: skip


def written(node):
    """The texts that an expression may be, with {} for each value."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.JoinedStr):
        return {"".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)}
    if isinstance(node, ast.IfExp):
        return written(node.body) | written(node.orelse)
    return set()


@cache
def nodes():
    """Every piece of the library's code with its module."""
    paths = sorted(LIB.rglob("*.py"))
    return [(p.relative_to(LIB).as_posix(), n) for p in paths for n in ast.walk(ast.parse(p.read_text("utf-8")))]


def parts_of_errors():
    """The module, which part, and the text of each part of an error that is raised."""
    for where, node in nodes():
        name = getattr(getattr(node, "func", None), "id", "")
        if name in ("DataError", "UsageError", "SetupError", "DamageError") and node.args:
            yield from ((where, "wrong", text) for text in written(node.args[0]))
            for keyword in node.keywords:
                yield from ((where, str(keyword.arg), text) for text in written(keyword.value))


def test_every_error_that_a_shopkeeper_meets_has_its_chinese_in_all_parts():
    without = [
        (where, part, text)
        for where, part, text in parts_of_errors()
        if not where.startswith(OF_ANALYSTS) and part in ("wrong", "hint")
        and re.search("[a-z]{2}", text.replace("{}", "")) and text not in SENTENCES
    ]  # fmt: skip
    assert without == []


def test_no_chinese_is_kept_for_a_sentence_that_nobody_says():
    said = {text for _, node in nodes() for text in written(node)}
    said |= {os.strerror(code) for code in errno.errorcode}
    pieces = "\n".join(said)
    gone = [
        english for english in SENTENCES
        if english not in said and not OF_OTHERS.match(english)
        # a sentence may be put together of several texts
        and not all(piece.strip() in pieces for piece in re.split(r"\{\}|[,;:.] ", english))
    ]  # fmt: skip
    assert gone == []


def test_values_keep_their_places():
    for english, chinese in SENTENCES.items():
        named = [int(n) for n in re.findall(r"\{(\d+)", chinese)]
        count = english.count("{}")
        assert sorted(named) == list(range(count)) if named else chinese.count("{") == count, english


def said(monkeypatch, capsys, *argv, locale="C"):
    """What the program prints of an error."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", locale)
    monkeypatch.setattr("sys.argv", ["aftersales", *map(str, argv)])
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr()
    return shown.out + shown.err


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_program_speaks_the_shop_s_language_or_that_of_the_environment(monkeypatch, capsys, tmp_path, language):
    toml = tmp_path / "shops.toml"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("一,二,三,四\n1,2,3,4\n", "utf-8")
    (tmp_path / "in" / "b.csv").write_bytes(b"")
    write_config(toml, exports="in", zone="Asia/Shanghai", language=language)
    asked = [
        ("import", "t"), ("weekly", "--week", "2026-45"), ("import", "s"), ("today", "s"), ("mail",), ("case", "s"),
        ("import", "s", tmp_path / "none.csv"), ("import", "s", "--undo"),
    ]  # fmt: skip
    other = {"zh": "zh_CN.UTF-8", "en": "en_US.UTF-8"}
    for argv in asked:
        text = said(monkeypatch, capsys, *argv, "--config", toml, locale=other["en"])
        assert bool(re.search(r"Found:|Hint:|There is|no known|cannot|is empty|done;", text)) == (language == "en"), (
            text
        )
        assert bool(re.search("[\u4e00-\u9fff]{4}", text.replace("一,二,三,四", ""))) == (language == "zh"), text
        if language == "en":
            text = said(monkeypatch, capsys, *argv, "--config", toml, locale=other["zh"])
            assert re.search("[\u4e00-\u9fff]{4}", text) or argv == ("weekly",), (
                text
            )  # a run speaks its shops' language
    # where shops.toml itself is wrong only the environment can tell
    toml.write_text(toml.read_text("utf-8").replace("exports", "exprots"), "utf-8")
    text = said(monkeypatch, capsys, "status", "--config", toml, locale=other[language])
    assert ("没有配置项“shops.1.exprots”" if language == "zh" else "there is no key 'shops.1.exprots'") in text


def test_init_writes_the_same_settings_with_comments_in_either_language(tmp_path):
    written_in = {}
    for language in ("zh", "en"):
        said_then = start(tmp_path / language, shop_id="one", shop_name="一店", language=language)
        assert bool(re.search("[\u4e00-\u9fff]{2}", " ".join(said_then))) == (language == "zh")
        written_in[language] = (tmp_path / language / "shops.toml").read_text("utf-8")
    zh, en = (tomllib.loads(written_in[language]) for language in ("zh", "en"))
    assert zh == en
    comments = [line.rpartition("# ")[2] for line in written_in["zh"].splitlines() if "# " in line]
    assert [c for c in comments if re.search("[a-z]+ [a-z]+ [a-z]+", c)] == []


def test_an_error_in_an_error_is_told_whole():
    text = (
        "No file could be read; the first: a.csv: a.csv is empty. Found: 0 bytes. Hint: export it again, or remove it."
    )
    assert error_in(text, "zh") == (
        "没有一个文件可以读取；第一个：a.csv：a.csv 是空文件。实际：0 字节。处理：重新导出，或删除该文件。"
    )
    assert error_in(text, "en") == text
