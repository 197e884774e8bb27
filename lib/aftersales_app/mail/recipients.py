"""Who gets which shops' mails, and who must not be written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aftersales.sources.settings import Mail, Shop
from aftersales_app.mail.message import is_address

Barrier = Literal["paused", "not_allowed"]


def by_recipient(shops: Sequence[Shop]) -> dict[str, list[Shop]]:
    """The shops each manager is told of, in the settings' order; an address written twice counts once.

    What is no mail address is left out (`unusable` names it).

    >>> one, two = (Shop(id=i, name=i, exports="in", managers=("a@b.example", "A@b.example")) for i in ("one", "two"))
    >>> {r: [s.id for s in shops] for r, shops in by_recipient([one, two]).items()}
    {'a@b.example': ['one', 'two']}
    """
    found: dict[str, list[Shop]] = {}
    spelling: dict[str, str] = {}
    for shop in shops:
        for address in filter(is_address, shop.managers):
            mine = found.setdefault(spelling.setdefault(address.lower(), address), [])
            if shop not in mine:
                mine.append(shop)
    return found


def barrier(address: str, mail: Mail | None) -> Barrier | None:
    """Why an address is not written to: sending is paused, or it is not among the allowed ones.

    >>> mail = Mail(host="smtp.example", allow=("@shop.example", "boss@b.example"))
    >>> [barrier(a, mail) for a in ("x@Shop.example", "boss@b.example", "x@evilshop.example")]
    [None, None, 'not_allowed']
    """
    if mail is None:
        return None
    if mail.pause:
        return "paused"
    small = address.lower()
    allowed = [entry.lower() for entry in mail.allow]
    if allowed and small not in allowed and not any(e.startswith("@") and small.endswith(e) for e in allowed):
        return "not_allowed"
    return None


def unusable(shops: Sequence[Shop]) -> list[str]:
    """What stands among the shops' managers and analysts and is no mail address.

    >>> unusable([Shop(id="one", name="one", exports="in", managers=("a@b.example", "the boss"))])
    ['the boss']
    """
    given = dict.fromkeys(address for shop in shops for address in (*shop.managers, *shop.analysts))
    return [address for address in given if not is_address(address)]
