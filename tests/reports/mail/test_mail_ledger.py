"""The ledger: what was noted is known, what was cut off was not done, what cannot be read stops everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.words.errors import SetupError
from aftersales_app.mail.ledger import STATES, Key, Ledger

KEYS = [Key("one", "2026-W46", f"{n}@b.example") for n in range(3)]


def test_the_last_word_counts_for_every_key_of_a_mail(tmp_path):
    ledger = Ledger(tmp_path / "new" / "l.jsonl")
    assert ledger.states() == {}
    ledger.note("intent", KEYS[:2], message_id="<1>")
    ledger.note("sent", KEYS[:1], message_id="<1>", answer="250 好")
    assert ledger.states() == {KEYS[0]: "sent", KEYS[1]: "intent"}


@given(steps=st.lists(st.tuples(st.sampled_from(STATES), st.sampled_from(KEYS)), max_size=6), cut=st.integers(1, 60))
def test_a_line_that_was_cut_off_was_not_written_and_harms_no_other(tmp_path_factory, steps, cut):
    ledger = Ledger(tmp_path_factory.mktemp("l") / "l.jsonl")
    for state, key in steps:
        ledger.note(state, [key], message_id="<1>")
    before = ledger.states()
    whole = ledger.file.read_bytes() if steps else b""
    ledger.note("sent", KEYS, message_id="<1>")
    last = ledger.file.read_bytes()[len(whole) :]
    ledger.file.write_bytes(whole + last[: min(cut, len(last) - 2)])
    assert ledger.states() == before
    ledger.note("refused", KEYS[:1], message_id="<2>")
    assert ledger.states() == before | {KEYS[0]: "refused"}


DAMAGES = {
    "another word": lambda line: line.replace(b'"sent"', b'"snet"'), "null": lambda line: b"null\n",
    "no keys": lambda line: b'{"state": "sent", "keys": null}\n', "a key of letters": lambda line: b'{"state": "sent", "keys": ["abcd"]}\n',
    "numbers": lambda line: b'{"state": "sent", "keys": [[1, 2, 3, 4]]}\n', "a list": lambda line: b"[" + line[:-1] + b"]\n",
    "other bytes": lambda line: b"\xff\x00\x80\n", "deep": lambda line: b"[" * 100_000 + b"\n",
}  # fmt: skip


@pytest.mark.parametrize("how", DAMAGES)
def test_a_line_that_cannot_be_read_is_counted_until_somebody_settles_it(tmp_path, how):
    ledger = Ledger(tmp_path / "l.jsonl")
    ledger.note("sent", KEYS[:1], message_id="<1>")
    ledger.file.write_bytes(DAMAGES[how](ledger.file.read_bytes()))
    ledger.note("sent", KEYS[1:], message_id="<1>")
    assert ledger.known().damaged == (1,)
    assert ledger.states() == dict.fromkeys(KEYS[1:], "sent")
    ledger.note("settled", [], message_id="")
    assert ledger.known().damaged == ()


def test_a_ledger_that_still_names_languages_is_read(tmp_path):
    ledger = Ledger(tmp_path / "l.jsonl")
    ledger.file.write_text('{"state": "sent", "keys": [["one", "2026-W46", "en", "0@b.example", "week"]]}\n')
    assert ledger.states() == {KEYS[0]: "sent"}


def test_two_runs_do_not_send_at_once(tmp_path):
    ledger = Ledger(tmp_path / "l.jsonl")
    with ledger.held(), pytest.raises(SetupError, match="Another run"), Ledger(ledger.file).held():
        pass
    with ledger.held():
        pass
