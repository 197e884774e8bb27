"""The money of advice: plain assumptions in the shop's currency, each of which the reader may change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """What things cost where the shop's files do not say.

    ``loss_per_bad`` what a bad order costs (where nothing says how much it did cost) · ``margin_share`` of a good
    order's value is lost when it is refused or its product is off sale · ``substitution``: the share of refused good
    orders that come back within the rule · ``cost_per_review`` · ``review_catches``: the share of bad orders that a
    reviewer recognises · ``cost_per_delay`` of a good order kept waiting · ``locked_share`` of an unpaid order's value
    is lost, for each day, on sales that its stock would have made meanwhile ·
    ``cost_per_complaint`` beside the money in dispute: work, compensation, the platform's steps. Good orders that were
    never paid lose nothing. ``price_level`` is what one yuan of all these, and of what a lever costs an
    order, is in the shop's currency (`assumed_terms`).
    """

    loss_per_bad: float = 15.0
    margin_share: float = 0.3
    substitution: float = 0.0
    cost_per_review: float = 2.0
    review_catches: float = 0.7
    cost_per_delay: float = 0.5
    locked_share: float = 0.005
    cost_per_complaint: float = 30.0
    price_level: float = 1.0


# What is taken where nobody says otherwise.
ASSUMED = Terms()


def assumed_terms(*, loss_per_bad: float, price_level: float) -> Terms:
    """The assumptions at another price level than China's; what a bad order costs is the shop's own.

    >>> assumed_terms(loss_per_bad=150, price_level=10).cost_per_review
    20.0
    """
    costs = {
        name: getattr(ASSUMED, name) * price_level
        for name in ("cost_per_review", "cost_per_delay", "cost_per_complaint")
    }
    return Terms(loss_per_bad=loss_per_bad, price_level=price_level, **costs)
