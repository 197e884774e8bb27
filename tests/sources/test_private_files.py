"""Files with clear names are their owner's alone, whatever the umask, and nothing half-written stays."""

import os
import subprocess
import sys

import pytest

from aftersales.sources.storage import Folder, write_private


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_only_the_owner_reads_what_is_written_privately(tmp_path, umask):
    if os.geteuid() != 0 and os.umask(0o022) == 0o777:
        pytest.skip("without rights of its own nobody can write below a folder made under umask 777")
    write_private(tmp_path / "cases" / "a.zip", b"1")
    Folder(str(tmp_path)).write_private("cases/a.zip", b"22")
    assert (tmp_path / "cases" / "a.zip").read_bytes() == b"22"
    assert (tmp_path / "cases" / "a.zip").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "cases").stat().st_mode & 0o777 == 0o700
    assert [p.name for p in (tmp_path / "cases").iterdir()] == ["a.zip"]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()
    with pytest.raises(OSError, match="directory"):
        write_private(tmp_path / "taken", b"secret")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["taken"]


def test_nothing_is_written_that_everybody_may_change(tmp_path):
    words = [sys.executable, "-m", "aftersales_app.cli", "init", str(tmp_path / "shop")]
    subprocess.run(words, check=True, capture_output=True, umask=0)
    written = [p for p in (tmp_path / "shop", *(tmp_path / "shop").rglob("*")) if p.stat().st_mode & 0o002]
    assert (tmp_path / "shop" / "shops.toml").exists()
    assert written == []
