"""How findings stand against last week: new, still, better, gone, under ids that stay the same."""

import polars as pl

from aftersales.findings.standing import gone_drivers, with_driver_standing, with_signal_standing


def signals(*verdicts, values=None):
    weeks = [f"2026-W{30 + i}" for i in range(len(verdicts))]
    return pl.DataFrame(
        {
            "measure": "m", "scope": "shop", "week": weeks, "value": values or [0.3] * len(verdicts),
            "normal_low": 0.1, "normal_high": 0.2, "verdict": verdicts, "mature": True, "dated": True,
        }
    )  # fmt: skip


def test_nothing_out_of_order_has_no_state():
    found = with_signal_standing(signals("routine", "not_enough_data", "routine"))
    assert found["state"].is_null().all()
    assert found["id"].n_unique() == 1


def test_a_signal_is_new_then_still_then_gone_and_better_where_it_shrinks():
    found = with_signal_standing(signals("above", "above", "above", "routine", values=[0.4, 0.39, 0.3, 0.15]))
    assert found["state"].to_list() == ["new", "still", "better", "gone"]


def test_the_other_side_is_a_new_signal_and_rows_keep_their_order():
    rows = signals("above", "below", values=[0.3, 0.05]).reverse()
    found = with_signal_standing(rows)
    assert found["week"].to_list() == rows["week"].to_list()
    assert found["state"].to_list() == ["new", "new"]


def test_young_and_undated_values_are_marked():
    rows = signals("not_enough_data", "not_enough_data").with_columns(
        mature=pl.Series([False, None], dtype=pl.Boolean), dated=pl.Series([True, False])
    )
    found = with_signal_standing(rows)
    assert found["strength"].to_list() == ["weak", "weak"]
    assert found["caveat"].to_list() == ["young", "undated"]


def test_drivers_keep_their_ids_and_those_that_went_are_told():
    now = pl.DataFrame({"segment": ["a", "b"], "excess": [10.0, 4.0], "held_out": [True, False]})
    before = pl.DataFrame({"segment": ["b", "c"], "excess": [9.0, 3.0], "held_out": [True, True]})
    found = with_driver_standing(now, before)
    assert found["state"].to_list() == ["new", "better"]
    assert found["id"].to_list() == with_driver_standing(now.reverse(), before).reverse()["id"].to_list()
    assert gone_drivers(now, before)["segment"].to_list() == ["c"]
