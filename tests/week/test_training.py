"""`aftersales train`: honest figures, a model in plain arrays, used afterwards, and refused where it does worse."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aftersales.measures.held_out import held_out
from aftersales.sources.model_file import NAME, stored_model
from aftersales.stats.text import model_bytes, model_of_bytes, train
from aftersales.week import loading
from aftersales.words.errors import DataError, UsageError
from aftersales_app.training import forgotten, trained

SENTENCES = Path(__file__).resolve().parents[1] / "data" / "causes.csv"
# A shop's own word that no lexicon knows, in sentences that differ.
BEGINNINGS = ("客服说", "昨天", "孩子", "我觉得", "请问", "这次", "朋友", "打电话", "同事", "门口", "楼下", "周末")
OWN = [(f"{b}提到了唧唧吱吱的事{i}", "invoice_freight") for i, b in enumerate(BEGINNINGS)]
OWN += [(f"{b}说起哐当哐当响{i}", "quality") for i, b in enumerate(BEGINNINGS)]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    config = tmp_path / "shops.toml"
    config.write_text('[store]\npath = "store"\n[[shops]]\nid = "s"\nname = "S"\nexports = "in"\n', "utf-8")
    return config


def labelled(folder: Path, rows=OWN) -> Path:
    file = folder / "labelled.csv"
    pl.DataFrame(rows, schema=["text", "cause"], orient="row").write_csv(file)
    return file


def test_a_model_that_helps_is_kept_and_what_it_learnt_is_used(house: Path) -> None:
    lines = trained(labelled(house.parent), config=house, language="en")
    assert "accuracy 100.0% where it decides (24 of 24" in lines[1]
    assert "(0 of 2" in lines[2]
    packed = stored_model(str(house.parent / "store"))
    assert packed is not None
    assert set(model_of_bytes(packed).labels) == {"invoice_freight", "quality"}
    assert forgotten(config=house, language="en")
    assert stored_model(str(house.parent / "store")) is None
    with pytest.raises(UsageError, match="no trained model"):
        forgotten(config=house)


def test_a_model_that_does_no_better_is_not_kept_unless_asked_for(house: Path) -> None:
    said = trained(SENTENCES, config=house, language="en")
    assert "not saved" in said[-1]
    assert "fewer than 20" in said[-2]
    assert stored_model(str(house.parent / "store")) is None
    trained(SENTENCES, config=house, force=True)
    assert (house.parent / "store" / NAME).is_file()


def test_figures_are_of_texts_held_back() -> None:
    rng = np.random.default_rng(7)
    words = ["".join(chr(0x4E00 + c) for c in rng.integers(0, 8_000, 12)) for _ in range(60)]
    noise = pl.DataFrame({"text": words, "cause": [("quality", "size")[i] for i in rng.integers(0, 2, 60)]})
    row = held_out(noise).row(0, named=True)
    # nothing can be learnt from noise: whoever scored the texts learnt from would read a hundred percent here
    assert row["right"] < 0.75 * 60


def test_copies_of_a_text_are_held_back_together() -> None:
    copied = [("商家虚假宣传质量太差要求马上退款处理" + "!" * i, "quality") for i in range(6)]
    others = [(f"{b}说尺码偏小穿不上{i}", "size") for i, b in enumerate(BEGINNINGS)]
    table = pl.DataFrame(copied + others, schema=["text", "cause"], orient="row")
    from aftersales.measures.held_out import _folds

    assert len(set(_folds(table, folds=5, seed=0)[:6])) == 1


def test_a_changed_model_makes_results_anew(demo: Path) -> None:
    config = demo / "shops.toml"
    before = loading.load("demo", config=str(config)).data.key
    trained(labelled(demo), config=config)
    try:
        after = loading.load("demo", config=str(config)).data
        assert before != after.key
        assert after.text_model is not None
    finally:
        forgotten(config=config)
    assert loading.load("demo", config=str(config)).data.key == before


def test_the_causes_of_complaints_come_from_the_model_where_there_is_one(demo: Path) -> None:
    week = loading.load("demo", config=str(demo / "shops.toml")).data
    from aftersales.findings.complaints import judge_complaints

    told = pl.DataFrame(
        {"complaint_id": ["1"], "order_id": ["x"], "text": ["又说起哐当哐当响了"], "kind": ["其他投诉"]}
    )
    model = train([t for t, _ in OWN], [c for _, c in OWN])
    kinds = [
        judge_complaints(told, week.tables["refunds"], week.tables["orders"], until=week.until, model=m).rows["cause"][
            0
        ]
        for m in (None, model)
    ]
    assert kinds == ["unsure", "quality"] or kinds == ["other", "quality"]


def test_a_file_that_could_run_is_no_model(tmp_path: Path) -> None:
    packed = io.BytesIO()
    np.savez(packed, labels=np.array([{"run": 1}], dtype=object), grams=np.array("a"))
    with pytest.raises(DataError, match="no text model"):
        model_of_bytes(packed.getvalue())
    good = model_bytes(train([t for t, _ in OWN], [c for _, c in OWN]))
    with pytest.raises(DataError):
        model_of_bytes(good[: len(good) // 2])


def test_a_bad_file_is_refused_in_one_sentence(house: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    for content, wrong in (("a,b\n1,2\n", "needs a column"), ("text,cause\n坏了,broken\n差,broken\n", "reason groups")):
        bad.write_text(content, "utf-8")
        with pytest.raises(DataError, match=wrong):
            trained(bad, config=house)
    with pytest.raises(DataError, match="There is no file"):
        trained(tmp_path / "none.csv", config=house)
    assert stored_model(str(house.parent / "store")) is None
