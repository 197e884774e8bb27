"""Layouts: every known generation is recognised, shops can add their own, mistakes in TOML are named."""

from __future__ import annotations

from pathlib import Path

import exported as x
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.sources.kinds import KINDS, MEANINGS, TYPES
from aftersales.sources.layout import load_layouts, normalised
from aftersales.sources.recognition import matched, unrecognised
from aftersales.tables.values import (
    FAULT,
    GOODS_STATUS,
    ORDER_STATUS,
    PARCEL_EVENT,
    REASONS,
    REFUND_KIND,
    REFUND_PHASE,
    REFUND_STATUS,
    SENDER,
)
from aftersales.words.errors import SetupError

LAYOUTS = load_layouts()
GENERATIONS = [
    (x.T1, "order_report"), (x.T2, "order_report"), (x.T3, "order_report"), (x.QIANNIU_ORDERS, "order_report"),
    (x.TMALL, "order_report"), (x.T4, "refund_report"), (x.T5, "refund_report"), (x.T6, "refund_report"),
    (x.T7, "item_report"), (x.ITEMS_OLD, "item_report"), (x.SYCM, "daily_traffic"), (x.MONEY_LOG, "money_log"),
    *((headers.split(","), kind) for kind, headers in x.TEMPLATES.items()),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "kind"), GENERATIONS)
def test_every_generation_is_recognised(headers: list[str], kind: str) -> None:
    match = matched(LAYOUTS, headers)
    assert match is not None
    assert match.layout.kind == kind


@pytest.mark.parametrize(("headers", "kind"), GENERATIONS)
def test_spelling_and_order_of_headers_do_not_matter(headers: list[str], kind: str) -> None:
    wide = str.maketrans({"(": "（", ")": "）", "/": " ／ ", "d": "D", "D": "d"})
    match = matched(LAYOUTS, [f"\ufeff {h.translate(wide)}\t" for h in reversed(headers)])
    assert match is not None
    assert match.layout.kind == kind


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("订单编号,订单创建时间", "order_report"),
        ("订单状态,订单编号,总金额", "order_report"),
        ("退款编号,订单编号", "refund_report"),
        ("主订单编号,子订单编号,退款金额", "item_report"),
        ("order_id,conversation_id,buyer,sender,sent_at,text", "messages"),
        ("tracking_no,at,event", "parcels"),
        ("商品ID,商家编码,启用日期,批次", "products"),
    ],
)
def test_a_few_ticked_columns_are_enough(headers: str, kind: str) -> None:
    match = matched(LAYOUTS, headers.split(","))
    assert match is not None
    assert match.layout.kind == kind


def test_an_unknown_header_names_the_nearest_layout_and_what_it_lacks() -> None:
    error = unrecognised(LAYOUTS, ["退款编号", "退款状态", "买家退款金额"], file="r.xlsx")
    assert "退款编号, 退款状态, 买家退款金额" in str(error)
    assert "taobao_refund_report" in str(error)
    assert "订单编号" in str(error)
    assert matched(LAYOUTS, ["甲", "乙"]) is None


def test_every_meaning_is_a_word_of_the_tables() -> None:
    allowed = {
        "order_status": {*ORDER_STATUS, "closed"}, "refund_status": set(REFUND_STATUS),
        "item_refund_status": {*REFUND_STATUS, "none", "unknown", ""}, "refund_kind": set(REFUND_KIND),
        "refund_phase": {*REFUND_PHASE, "onsale"}, "goods_status": set(GOODS_STATUS), "fault": set(FAULT),
        "reason": set(REASONS), "sender": set(SENDER), "parcel_event": set(PARCEL_EVENT),
        "platform_involved": {"true", "false"}, "full_refund": {"true", "false"},
    }  # fmt: skip
    maps = LAYOUTS[0].maps
    assert set(allowed) <= set(maps)
    for name, words in allowed.items():
        meant = {*maps[name].exact.values(), *(m for _, m in maps[name].patterns), maps[name].otherwise or "closed"}
        assert meant - {"closed"} <= words, name


def test_every_field_has_a_known_type() -> None:
    assert {field.type for fields in KINDS.values() for field in fields.values()} <= set(TYPES)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[[layout", "not valid TOML"),
        ("[[layout]]\nname='a'\nkind='order_report'", "signature"),
        ("[[layout]]\nname='a'\nkind='orders'\nsignature=['x']", "orders"),
        ("[[layout]]\nname='a'\nkind='order_report'\nsignature=['x']\n[layout.headers]\norderid=['x']", "order_id"),
        ("[[layout]]\nname='a'\nkind='order_report'\nsignature=['x']\n[layout.values]\nstatus='statuses'", "statuses"),
        (
            "[[layout]]\nname='a'\nkind='order_report'\nsignature=['x']\nset_aside=[{header='x',matches='(',reason='r'}]",
            "(",
        ),
    ],
)
def test_a_mistake_in_a_layout_file_is_named(tmp_path: Path, toml: str, said: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(toml, encoding="utf-8")
    with pytest.raises(SetupError) as caught:
        load_layouts([file])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_layout_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        load_layouts([tmp_path / "none.toml"])


def test_a_shops_own_layout_wins_on_equal_terms(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        "[[layout]]\nname='own'\nkind='order_report'\nsignature=['单号']\n"
        "[layout.headers]\norder_id=['单号']\nstatus=['状态']\n[layout.values]\nstatus='mine'\n"
        "[maps.mine]\nexact={'好'='finished'}\n",
        encoding="utf-8",
    )
    layouts = load_layouts([file])
    match = matched(layouts, ["单号", "状态"])
    assert match is not None
    assert match.layout.name == "own"
    assert match.layout.maps["mine"].listed["好"] == "finished"
    assert len(layouts) == len(LAYOUTS) + 1


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_the_maps_that_come_with_the_package_mean_what_their_fields_can_hold() -> None:
    odd = {n: set(m.meanings) - set(MEANINGS[n]) for n, m in LAYOUTS[0].maps.items() if n in MEANINGS}
    assert {n: left for n, left in odd.items() if left} == {}
    assert set(MEANINGS) <= set(LAYOUTS[0].maps)
