"""`aftersales verify`: whatever was changed, taken out, added or damaged is named; what is whole is called so."""

import io
import json
import os
import tracemalloc
import zipfile

import pytest

from aftersales.words.errors import AftersalesError, DataError, UsageError
from aftersales_app.cases.bundle import MANIFEST, manifest_of, packed, zipped
from aftersales_app.cases.verify import verified


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
    from aftersales_app.cases.bundle import digest_of

    told["digest"] = digest_of(told)
    with pytest.raises(DataError):
        verified(put(tmp_path, zipped({MANIFEST: json.dumps(told).encode()})))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", zipped({"a.txt": b"x"}),
                                     zipped({MANIFEST: b'{"format": "another"}'}), zipped({MANIFEST: b"[]"})])  # fmt: skip
def test_what_is_no_dossier_is_called_so(tmp_path, content):
    with pytest.raises(UsageError, match="no dossier"):
        verified(put(tmp_path, content))


def test_half_a_dossier_and_none_at_all_are_clear_errors(whole, tmp_path):
    with pytest.raises(AftersalesError, match="not the whole"):
        verified(put(tmp_path, whole[1][: len(whole[1]) // 2]))
    with pytest.raises(UsageError, match="no file"):
        verified(tmp_path / "none.zip")
    with pytest.raises(UsageError, match="cannot be read"):
        verified(tmp_path)


def test_a_file_that_claims_to_be_huge_is_not_unpacked(tmp_path):
    bomb = zipped({"a.txt": b"0" * 50_000_000, MANIFEST: manifest_of({"a.txt": b"small"}, case="x")})
    lines, all_well = verified(put(tmp_path, bomb), language="en")
    assert not all_well
    assert "a.txt was changed" in lines[0]


def tampered(content, how):
    """The dossier's bytes, differently packed: the same files by name and content, or more than they are."""
    files = files_of(content)
    out = io.BytesIO()
    if how in ("bytes before", "bytes after"):
        return b"MZ" + content if how == "bytes before" else content + b"\x00"
    if how == "a byte between":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            at = sorted(e.header_offset for e in archive.infolist())[1]
        return content[:at] + b"x" + content[at:]
    names = sorted(files)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if how == "compressed" else zipfile.ZIP_STORED) as archive:
        if how == "a comment":
            archive.comment = b"seen by the platform"
        for name in reversed(names) if how == "another order" else names:
            entry = zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0) if how == "another time" else (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.create_system = (0o777 if how == "other rights" else 0o644) << 16, 3
            entry.compress_type = archive.compression
            if how == "a comment of a file":
                entry.comment = b"hm"
            if how == "an extra field":
                entry.extra = b"\xfe\xca\x04\x00abcd"
            archive.writestr(entry, files[name])
    return out.getvalue()


@pytest.mark.parametrize("how", ["bytes before", "bytes after", "a byte between", "a comment", "a comment of a file", "an extra field",
                                 "another time", "other rights", "another order", "compressed"])  # fmt: skip
def test_whatever_stands_around_the_files_is_found(whole, tmp_path, how):
    assert files_of(tampered(whole[1], "nothing")) == files_of(whole[1])
    assert tampered(whole[1], "nothing") == whole[1], "packed as the standard library packs it"
    try:
        lines, all_well = verified(put(tmp_path, tampered(whole[1], how)), language="en")
    except AftersalesError:
        return
    assert not all_well
    assert lines


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "evidence/../../x", "C:\\x.txt", "a\\..\\b", "MANIFEST.JSON"]
)
def test_a_name_that_leads_outside_or_looks_like_another_is_named(whole, tmp_path, name):
    out = io.BytesIO(whole[1])
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, b"x")
    lines, all_well = verified(put(tmp_path, out.getvalue()), language="en")
    assert not all_well
    assert any("do not unpack" in line for line in lines)
    inside = zipped({name: b"x", MANIFEST: manifest_of({name: b"x"}, case="x")})
    if name != "MANIFEST.JSON":
        with pytest.raises(DataError):
            verified(put(tmp_path, inside))


def test_a_link_is_named(whole, tmp_path):
    out = io.BytesIO(whole[1])
    with zipfile.ZipFile(out, "a") as archive:
        entry = zipfile.ZipInfo("evidence/link")
        entry.external_attr, entry.create_system = 0o120777 << 16, 3
        archive.writestr(entry, b"/etc/passwd")
    lines, _ = verified(put(tmp_path, out.getvalue()), language="en")
    assert any("evidence/link" in line and "link" in line for line in lines)


def bombs():
    """Archives that claim more than any dossier: of files, of bytes, by every field that says how much there is."""
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(6_000):
            archive.writestr(str(number), b"")
    yield "many files", many.getvalue()
    big = b"0" * 30_000_000
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", big)
        archive.writestr(MANIFEST, manifest_of({"a.txt": big}, case="x"))
    yield "a file that its own manifest knows", out.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, b'{"a": "' + big + b'"}')
    yield "a manifest", out.getvalue()
    whole = zipped({"a.txt": b"x", MANIFEST: manifest_of({"a.txt": b"x"}, case="x")})
    end = whole.rindex(b"PK\x05\x06")
    yield "a long list", whole[: end + 12] + b"\xff\xff\xff\xff" + whole[end + 16 :]
    yield "65,535 entries", whole[: end + 8] + b"\xff\xff\xff\xff" + whole[end + 12 :]


@pytest.mark.parametrize(("name", "content"), list(bombs()), ids=lambda v: v if isinstance(v, str) else "")
def test_a_bomb_is_not_unpacked(tmp_path, name, content):
    file = put(tmp_path, content)
    tracemalloc.start()
    try:
        lines, all_well = verified(file, language="en")
        assert not all_well
        assert lines
    except AftersalesError:
        pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 60_000_000, name


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "dossier.zip")
    with pytest.raises(UsageError, match="cannot be read"):
        verified(tmp_path / "dossier.zip")
