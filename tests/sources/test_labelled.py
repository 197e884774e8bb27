"""Labelled texts: read as shops save them, and refused with a reason where nothing can be learnt from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftersales.measures.causes import causes
from aftersales.stats.text import model_bytes, model_of_bytes, train
from aftersales.words.errors import DataError
from aftersales_app.training import read_labelled

SENTENCES = Path(__file__).resolve().parents[1] / "data" / "causes.csv"
ROWS = "damaged,碎了\ndamaged,裂了\nsize,小了\nsize,大了\n"


def written(place: Path, text: str, encoding: str = "utf-8") -> Path:
    file = place / "labelled.csv"
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("head", ["cause,text", "原因,投诉内容", "投诉原因,文本"])
def test_any_usual_encoding_and_header_is_read(tmp_path: Path, head: str, encoding: str) -> None:
    assert read_labelled(written(tmp_path, f"{head}\n{ROWS}", encoding)).height == 4


def test_a_text_under_two_causes_and_a_lone_one_are_left_out(tmp_path: Path) -> None:
    more = "damaged,太小\nsize,太小\nquality,坏了\ndamaged,碎了\n"
    rows = read_labelled(written(tmp_path, "cause,text\n" + ROWS + more))
    assert sorted(rows["text"]) == sorted(["碎了", "裂了", "小了", "大了"])


@pytest.mark.parametrize(
    "text", ["", "cause,note\na,b\n", "cause,text\nnonsense,碎了\nsize,小了\n", "cause,text\nsize,小了\nsize,大了\n"]
)
def test_what_cannot_be_learnt_from_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        read_labelled(written(tmp_path, text))


def test_bytes_that_are_no_text_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "labelled.csv"
    with pytest.raises(DataError):
        read_labelled(file)
    file.write_bytes(b"\xff\xff\x00\x81")
    with pytest.raises(DataError):
        read_labelled(file)


def test_from_a_file_to_a_kept_model_to_causes() -> None:
    rows = read_labelled(SENTENCES)
    model = model_of_bytes(model_bytes(train(rows["text"], rows["cause"])))
    told = causes(rows["text"], model=model)
    assert (told["cause"] == rows["cause"]).mean() > (causes(rows["text"])["cause"] == rows["cause"]).mean()  # type: ignore[operator]
