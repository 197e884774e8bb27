"""Platforms and markets: what a shop's platform is called and exports, and what its market gives by default."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # which reads the markets for their words
    from aftersales.words.language import Language


@dataclass(frozen=True)
class Market:
    """Where a shop sells: defaults of its settings, its sales festivals, its regions' name, its wording on returns."""

    currency: str
    zone: str
    language: Language
    festivals: tuple[str, ...]
    region: str
    lawful_return: str


@dataclass(frozen=True)
class Platform:
    """A platform: the market it is mostly of, whose exports it writes where another's, and its names."""

    market: str
    zh: str
    en: str
    exports: str = ""


@cache
def markets() -> Mapping[str, Market]:
    """Every market by its id.

    >>> markets()["in"].currency, markets()["in"].zone
    ('INR', 'Asia/Kolkata')
    """
    registry = _registry()["markets"]
    return {name: Market(**{**keys, "festivals": tuple(keys["festivals"])}) for name, keys in registry.items()}


@cache
def platforms() -> Mapping[str, Platform]:
    """Every platform by its id; "other" stands for all that have none of their own.

    >>> platforms()["tmall"].exports, platforms()["douyin"].zh
    ('taobao', '抖店')
    """
    return {name: Platform(**keys) for name, keys in _registry()["platforms"].items()}


def price_level(currency: str) -> float:
    """What one yuan of an assumed cost is taken for in a currency; 1 where nothing is known of it.

    >>> price_level("INR"), price_level("CNY")
    (10.0, 1.0)
    """
    return float(_registry()["price_levels"].get(currency, 1))


def same_exports(one: str, other: str) -> bool:
    """Whether two platforms export the same files.

    >>> same_exports("tmall", "taobao"), same_exports("jd", "taobao")
    (True, False)
    """
    return len({platforms()[name].exports or name for name in (one, other)}) == 1


@cache
def _registry() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files("aftersales.words").joinpath("markets.toml").read_text("utf-8"))
