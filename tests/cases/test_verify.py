"""`aftersales verify`: whatever was changed, taken out, added or damaged is named; what is whole is called so."""

import io
import json
import zipfile

import pytest

from aftersales.cases.bundle import MANIFEST, manifest_of, packed, zipped
from aftersales.cases.verify import verified
from aftersales.words.errors import AftersalesError, DataError, QuestionError


@pytest.fixture(scope="module")
def whole(fullest, hostile_parts):
    return packed(fullest["zh"], copy="platform", version="1", evidence_folder=hostile_parts[2])


def put(tmp_path, content):
    file = tmp_path / "d.zip"
    file.write_bytes(content)
    return file


def files_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {n: archive.read(n) for n in archive.namelist()}


def test_a_dossier_is_what_it_was_and_the_same_bytes_when_nothing_changed(fullest, hostile_parts, whole, tmp_path):
    again = packed(fullest["zh"], copy="platform", version="1", evidence_folder=hostile_parts[2])
    assert again == whole
    lines, all_well = verified(put(tmp_path, whole[1]), language="en")
    assert all_well
    assert whole[2] in lines[0]
    assert any(n.startswith("evidence/") for n in files_of(whole[1]))


def test_any_changed_byte_of_any_file_is_found_and_named(whole, tmp_path):
    files = files_of(whole[1])
    for name in (n for n in files if n != MANIFEST):
        content = bytearray(files[name])
        content[len(content) // 2] ^= 1
        lines, all_well = verified(put(tmp_path, zipped({**files, name: bytes(content)})), language="en")
        assert not all_well
        assert len(lines) == 1
        assert name in lines[0]


def test_a_byte_flipped_in_the_packed_evidence_is_never_passed_over(whole, tmp_path):
    with zipfile.ZipFile(io.BytesIO(whole[1])) as archive:
        entries = [e for e in archive.infolist() if e.filename.startswith("evidence/")]
    for entry in entries[:4]:
        start = entry.header_offset + 30 + len(entry.filename.encode())
        for place in range(start, start + entry.compress_size, 7):
            content = bytearray(whole[1])
            content[place] ^= 0x10
            lines, all_well = verified(put(tmp_path, bytes(content)), language="zh")
            assert not all_well
            assert any(entry.filename in line for line in lines)


def test_what_was_taken_out_added_or_stands_twice_is_named(whole, tmp_path):
    files = files_of(whole[1])
    gone = next(n for n in files if n.startswith("evidence/"))
    changed = {n: c for n, c in files.items() if n != gone} | {"evidence/后来.txt": b"x"}
    lines, all_well = verified(put(tmp_path, zipped(changed)), language="en")
    assert not all_well
    assert any(gone in line and "not in the archive" in line for line in lines)
    assert any("后来" in line and "added later" in line for line in lines)
    out = io.BytesIO(whole[1])
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr(gone, files[gone])
    lines, all_well = verified(put(tmp_path, out.getvalue()), language="en")
    assert not all_well
    assert any("2 times" in line for line in lines)


@pytest.mark.parametrize("old_new", [(b'"platform"', b'"internal"'), (b'"bytes": ', b'"bytes":9'), (b"{", b"[", 1)])
def test_a_damaged_manifest_is_said_to_be_damaged(whole, tmp_path, old_new):
    files = files_of(whole[1])
    files[MANIFEST] = files[MANIFEST].replace(*old_new)
    with pytest.raises(DataError, match="manifest"):
        verified(put(tmp_path, zipped(files)))


def test_a_file_list_that_is_no_list_is_refused(tmp_path):
    told = json.loads(manifest_of({}, case="x"))
    told["files"] = {"a": 1}
    from aftersales.cases.bundle import digest_of

    told["digest"] = digest_of(told)
    with pytest.raises(DataError):
        verified(put(tmp_path, zipped({MANIFEST: json.dumps(told).encode()})))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", zipped({"a.txt": b"x"}),
                                     zipped({MANIFEST: b'{"format": "another"}'}), zipped({MANIFEST: b"[]"})])  # fmt: skip
def test_what_is_no_dossier_is_called_so(tmp_path, content):
    with pytest.raises(QuestionError, match="no dossier"):
        verified(put(tmp_path, content))


def test_half_a_dossier_and_none_at_all_are_clear_errors(whole, tmp_path):
    with pytest.raises(AftersalesError, match="not the whole"):
        verified(put(tmp_path, whole[1][: len(whole[1]) // 2]))
    with pytest.raises(QuestionError, match="no file"):
        verified(tmp_path / "none.zip")
    with pytest.raises(QuestionError, match="cannot be read"):
        verified(tmp_path)


def test_a_file_that_claims_to_be_huge_is_not_unpacked(tmp_path):
    bomb = zipped({"a.txt": b"0" * 50_000_000, MANIFEST: manifest_of({"a.txt": b"small"}, case="x")})
    lines, all_well = verified(put(tmp_path, bomb), language="en")
    assert not all_well
    assert "a.txt was changed" in lines[0]
