"""How much of a dossier fits on four printed pages: a full case shows fewer rows of each kind, the annexes hold all."""

from __future__ import annotations

from dataclasses import dataclass

from aftersales.cases.dossier import Dossier

# About this many printed lines are left on four pages of A4 once headings, articles and annexes have theirs; measured
# by printing. The internal copy has four sections more.
LINES = {"platform": 96, "internal": 86}


@dataclass(frozen=True)
class Room:
    """How many rows of each kind a page shows."""

    orders: int
    timeline: int
    chats: int
    evidence: int
    claims: int
    buyers: int

    def lines(self, told: Dossier) -> int:
        """About how many printed lines that is, where there is as much to show."""
        of = told.records
        # a row of a list is one line; what people wrote and files with a note take two to three
        wanted = (
            (of.orders["order_id"].n_unique(), self.orders, 1.2), (told.timeline["main"].sum(), self.timeline, 1.6),
            (of.messages.height, self.chats, 2.2), (len(told.evidence), self.evidence, 2.4),
            (told.claims.height, self.claims, 2.6), (of.orders["order_id"].n_unique(), self.buyers, 2.0),
        )  # fmt: skip
        return round(sum(min(int(there), most) * height for there, most, height in wanted))


_ROOMS = (
    Room(orders=16, timeline=22, chats=10, evidence=10, claims=8, buyers=5),
    Room(orders=14, timeline=16, chats=8, evidence=8, claims=6, buyers=4),
    Room(orders=12, timeline=12, chats=6, evidence=6, claims=5, buyers=3),
    Room(orders=10, timeline=10, chats=5, evidence=5, claims=4, buyers=3),
)


def room_for(told: Dossier, *, internal: bool) -> Room:
    """The widest room in which the dossier stays within four pages."""
    most = LINES["internal" if internal else "platform"]
    return next((room for room in _ROOMS if room.lines(told) <= most), _ROOMS[-1])
