"""The states of a case: every way that is allowed is walked, every other is refused in a sentence that helps."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from aftersales.tables.values import CASE_OUTCOME, CASE_STATE
from aftersales.words.errors import UsageError
from aftersales_app.cases.recording import FOLLOWS, NOTE_NEEDED, next_state

AT = datetime(2026, 11, 20, 9)


def test_every_state_has_its_ways_on_and_an_outcome():
    assert set(FOLLOWS) == set(CASE_STATE) == set(CASE_OUTCOME)
    assert all(set(ways) <= set(CASE_STATE) for ways in FOLLOWS.values())


@pytest.mark.parametrize(("before", "state"), list(product(CASE_STATE, CASE_STATE)))
def test_a_state_is_entered_or_refused_with_what_may_follow(before, state):
    if state in FOLLOWS[before]:
        assert next_state(before, state, note="说明", at=AT) == state
        return
    with pytest.raises(UsageError) as refused:
        next_state(before, state, note="说明", at=AT)
    assert all(way in str(refused.value) for way in FOLLOWS[before])


def test_nothing_is_won_that_was_not_filed():
    reached, todo = set(), ["new"]
    while todo:
        now = todo.pop()
        if now not in reached and now != "filed":
            reached.add(now)
            todo += FOLLOWS[now]
    assert not reached & {"won", "partly_won", "lost", "appealed"}


def test_every_state_can_be_left_again_and_any_case_may_prove_innocent():
    assert all("new" in FOLLOWS[s] for s in CASE_STATE if s != "new")
    assert all("innocent" in FOLLOWS[s] for s in CASE_STATE if s != "innocent")


@pytest.mark.parametrize("state", [*NOTE_NEEDED])
def test_what_lays_a_case_aside_needs_a_note(state):
    with pytest.raises(UsageError, match="note"):
        next_state("contacted", state, note="  ", at=AT)


def test_time_only_moves_forward():
    with pytest.raises(UsageError, match="later"):
        next_state("contacted", "filed", note=None, at=AT, last_at=AT)
    assert next_state("contacted", "filed", note=None, at=AT, last_at=AT - timedelta(minutes=1)) == "filed"
