"""The evidence index: real hashes; what is named and gone, leads out of the folder, or was never listed is told."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

import hostile_shop as hostile
import polars as pl

from aftersales.cases.completeness import completeness
from aftersales.cases.evidence import evidence_index
from aftersales.sources.storage import Folder

AT = datetime(2026, 11, 9, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


def listed(*names):
    rows = [("77", n, "签收凭证", AT, None, None, "证据清单.csv", 2 + i) for i, n in enumerate(names)]
    return pl.DataFrame(
        rows, schema=["order_id", "path", "kind", "taken_at", "source", "note", "file", "row"], orient="row"
    )


def test_files_are_hashed_and_what_is_wrong_with_the_others_is_told(tmp_path):
    folder = tmp_path / "evidence"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.png").write_bytes(b"abc")
    (folder / "77_拆包.txt").write_bytes(b"x")
    (folder / "99_other.txt").write_bytes(b"x")
    secret = tmp_path / "aftersales.key"
    secret.write_bytes(b"secret")
    (folder / "link.png").symlink_to(secret)
    found = evidence_index(
        listed("sub/a.png", "gone.png", "../aftersales.key", str(secret), "link.png"),
        folder=Folder(str(folder)), orders=["77"],
    )  # fmt: skip
    states = {f.name: f.state for f in found}
    assert states == {
        "sub/a.png": "there", "gone.png": "missing", "../aftersales.key": "outside", str(secret): "outside",
        "link.png": "outside", "77_拆包.txt": "unlisted",
    }  # fmt: skip
    assert {f.sha256 for f in found if f.state == "there"} == {hashlib.sha256(b"abc").hexdigest()}
    assert all(f.sha256 is None for f in found if f.state in ("missing", "outside"))


def test_a_shop_without_an_evidence_folder_has_an_index_of_missing_files(tmp_path):
    found = evidence_index(listed("a.png"), folder=Folder(str(tmp_path / "none")), orders=["77"])
    assert [f.state for f in found] == ["missing"]
    assert completeness("not_received", found, set())[0].state == "missing"


def test_no_name_in_a_list_reads_the_key_of_the_installation(fullest, hostile_parts):
    settings, _, _ = hostile_parts
    key = Folder(settings.store_path).local.parent / "aftersales.key"
    digest = hashlib.sha256(key.read_bytes()).hexdigest()
    assert digest not in {f.sha256 for f in fullest["zh"].evidence}
    assert "outside" in {f.state for f in fullest["zh"].evidence if "key" in f.name}
    assert {f.name for f in fullest["zh"].evidence if f.state == "unlisted"} == {f"{hostile.ORDERS[0]}_忘了登记.txt"}


def test_the_shops_own_remark_on_a_file_is_not_in_the_platforms_copy(demo_dossiers):
    from aftersales_app.cases.page import page

    told = next(d for d in demo_dossiers if any(f.sha256 and f.note for f in d.evidence))
    note = next(f.note for f in told.evidence if f.sha256 and f.note)
    assert note not in page(told, copy="platform", version="1", annex={})
    assert note in page(told, copy="internal", version="1", annex={})
