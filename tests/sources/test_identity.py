"""People are hashed with a mark of how sure their identity is, under a key that is none unless it is long and random."""

import os

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.sources.identity import installation_key, keyed_hash, with_person_keys
from aftersales.words.errors import SetupError

PEOPLE = ("buyer", "receiver", "address", "phone", "mobile")


def people(*rows):
    return pl.DataFrame(rows, schema=dict.fromkeys(PEOPLE, pl.String), orient="row")


def keys(*rows, key=b"k"):
    return with_person_keys(people(*rows), key=key)


def test_one_buyer_is_one_key_and_another_key_another():
    found = keys(("tb1", None, None, None, None), (" tb1 ", None, None, None, None), ("tb2", None, None, None, None))
    assert found["buyer_key"][0] == found["buyer_key"][1] != found["buyer_key"][2]
    assert found["buyer_key_quality"].to_list() == ["full"] * 3
    assert keys(("tb1", None, None, None, None), key=b"other")["buyer_key"][0] != found["buyer_key"][0]


def test_a_masked_name_or_phone_alone_is_never_an_identity():
    found = keys(
        ("t**", None, None, None, None),
        ("t**", "王**", "浙江省 杭州市 西湖区 ****", "131****1907", None),
        ("t**", "王**", "****", "131****1907", None),
        (None, None, None, None, None),
    )
    assert found["buyer_key_quality"].to_list() == ["masked", "composite", "masked", "none"]
    assert found["buyer_key"].is_null().to_list() == [True, False, True, True]
    assert found["phone_key"].is_null().all()
    assert found["address_key"].is_null().all()


def test_phones_and_addresses_are_one_in_every_spelling():
    found = keys(
        ("a", None, "浙江省 杭州市 西湖区 文三路1号(310000)", None, "'13900001111"),
        ("b", None, "浙江省杭州市西湖区文三路1号", "86-139 0000 1111", None),
    )
    assert found["phone_key"].n_unique() == 1
    assert found["address_key"].n_unique() == 1
    assert not set(found["phone_key"]) & set(found["address_key"])


@given(st.lists(st.text(min_size=1, max_size=20), max_size=20))
def test_equal_text_gives_equal_hash_only(texts):
    hashed = keyed_hash(pl.Series(texts, dtype=pl.String), key=b"k", purpose="buyer")
    assert hashed.n_unique() == len(set(texts))


WEAK = (
    "", " ", "1", "short", "a" * 64, "ab" * 40, "0123456" * 10, "x" * 31, "12345678901234567890123456789012",
    "password" * 4, "abcdefghijklmnopqrstuvwxyz0123456789", "kJ8fQ2xZ9rT4mW7b" * 2,
)  # fmt: skip


@pytest.mark.parametrize("weak", WEAK)
def test_a_weak_key_is_refused_from_the_environment_and_from_the_file(weak, tmp_path, monkeypatch):
    monkeypatch.setenv("AFTERSALES_KEY", weak)
    with pytest.raises(SetupError, match="at least 32 random characters"):
        installation_key(str(tmp_path / "store"))
    monkeypatch.delenv("AFTERSALES_KEY")
    (tmp_path / "aftersales.key").write_text(weak)
    with pytest.raises(SetupError, match=r"aftersales\.key is too weak.*remove the store and the weak key.*openssl"):
        installation_key(str(tmp_path / "store"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_key_saved_by_windows_is_the_same_key(encoding, tmp_path, monkeypatch):
    monkeypatch.delenv("AFTERSALES_KEY", raising=False)
    made = installation_key(str(tmp_path / "store"))
    (tmp_path / "aftersales.key").write_bytes(f"{made.decode()}\r\n".encode(encoding))
    assert installation_key(str(tmp_path / "store")) == made


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_no_key_and_stays_as_it_is(make, tmp_path, monkeypatch):
    monkeypatch.delenv("AFTERSALES_KEY", raising=False)
    make(tmp_path / "aftersales.key")
    before = (tmp_path / "aftersales.key").lstat().st_mode
    with pytest.raises(SetupError, match="it is no file"):
        installation_key(str(tmp_path / "store"))
    assert (tmp_path / "aftersales.key").lstat().st_mode == before


def test_a_key_is_made_once_for_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("AFTERSALES_KEY", raising=False)
    made = installation_key(str(tmp_path / "store"))
    assert len(made) == 64
    assert installation_key(str(tmp_path / "store")) == made
    assert (tmp_path / "aftersales.key").stat().st_mode & 0o777 == 0o600
