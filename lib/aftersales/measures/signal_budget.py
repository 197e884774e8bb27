"""How strict each weekly test must be, so that a shop hears of at most one false signal in four weeks."""

from __future__ import annotations

from aftersales.words.errors import UsageError

# The declared budget: a manager who is called for nothing more often than once a month stops coming
WEEKS_PER_FALSE_SIGNAL = 4.0
# With one or two measures the budget alone would allow levels at which "unusual" means nothing
LARGEST_LEVEL = 0.02


def level_per_test(measures: int, *, sides: int = 2, weeks_per_false_signal: float = WEEKS_PER_FALSE_SIGNAL) -> float:
    """The level of each one-sided test, so that all measures of a shop give one false signal in so many weeks.

    The expected number of false signals a week is the sum of the levels, measures x sides x level, whether or not the
    measures move together: expectations add up for correlated events too. Setting it to 1 / weeks and solving gives the
    level. Counts are discrete and the tests keep their level from below, so "at most one", not "exactly one".

    >>> level_per_test(25), level_per_test(1)
    (0.005, 0.02)
    """
    if measures < 1 or sides not in (1, 2) or weeks_per_false_signal <= 0:
        raise UsageError(
            "A budget of false signals needs measures, one or two sides and a positive number of weeks",
            found=f"{measures} measures, {sides} sides, {weeks_per_false_signal} weeks",
        )
    return min(1.0 / (weeks_per_false_signal * measures * sides), LARGEST_LEVEL)


def expected_false_signals(measures: int, *, weeks: float = WEEKS_PER_FALSE_SIGNAL, sides: int = 2) -> float:
    """False signals to expect in so many weeks at `level_per_test`: what the page states.

    >>> expected_false_signals(25), expected_false_signals(1)
    (1.0, 0.16)
    """
    return weeks * measures * sides * level_per_test(measures, sides=sides)
