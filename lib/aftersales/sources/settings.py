"""shops.toml: which shops there are, where their files lie, and who hears of what."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import list_currencies
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from aftersales.sources.storage import table_place
from aftersales.words.errors import SetupError, UsageError, unknown
from aftersales.words.language import Language
from aftersales.words.markets import Market, markets, platforms, price_level

CONFIG_VARIABLE = "AFTERSALES_CONFIG"
DEFAULT_NAME = "shops.toml"
_URL = re.compile(r"^[a-z][a-z0-9+.-]+://")
_CREDENTIALS = re.compile(r"^[a-z][a-z0-9+.-]+://[^/]*@|[?&](?:X-Amz-|sig=|secret|token|password)", re.I)
_SECRET = re.compile(r"passw|secret|token|credential|(?<!\w)(?:api_?)?key(?!\w)", re.I)


_NO_ZONES = ("Factory", "localtime")  # the machine's own lists name them, polars and other machines do not know them
_SHOWN = 30  # names listed in an error; of zones and currencies only the nearest is
_CURRENCY_NAMES = {"RMB": "CNY", "YUAN": "CNY", "CNH": "CNY", "NTD": "TWD", "RS": "INR", "RP": "IDR"}


def _one_of(what: str, name: str, known: Iterable[str], example: str) -> str:
    names = sorted(known)
    if name in names:
        return name
    near = get_close_matches(name, names, n=1) or get_close_matches(name.lower(), names, n=1)
    meant = f"did you mean '{near[0]}'?" if near else f"write one like {example}"
    listed = f"; valid are {', '.join(names)}" if len(names) <= _SHOWN else ""
    raise ValueError(f"'{name}' is no {what}; {meant}{listed}")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones().difference(_NO_ZONES))


def _known_zone(name: str) -> str:
    return _one_of("time zone", name, _zones(), "Asia/Shanghai")


def _known_currency(name: str) -> str:
    meant = _CURRENCY_NAMES.get(name.upper(), name.upper())
    if meant not in list_currencies():  # the nearest of those in use here, before all that ever were
        meant = next(iter(get_close_matches(meant, {m.currency for m in markets().values()}, n=1)), name)
    if meant != name:
        raise ValueError(f"'{name}' is no ISO 4217 currency; did you mean '{meant}'?")
    return _one_of("ISO 4217 currency", name, list_currencies(), "CNY, USD or INR")


def _known_platform(name: str) -> str:
    return _one_of("platform", name, platforms(), "taobao")


def _known_market(name: str) -> str:
    return _one_of("market", name, markets(), "cn")


def _without_credentials(path: str) -> str:
    if _CREDENTIALS.search(path):
        raise ValueError(
            "credentials do not belong here; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
        )
    return path


Address = Annotated[str, AfterValidator(_without_credentials)]


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Part):
    """A folder, or the URL of one in object storage."""

    path: Address


class Mail(_Part):
    """The mail server and who may be written to; the password comes from the environment, never from the file.

    ``allow`` names addresses or @domains (empty: everybody); ``languages`` gives single recipients another language
    than their shop's first; ``report_link`` is the address under which the reports folder is served.
    """

    host: str
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    sender: str | None = None
    pause: bool = False
    allow: Texts = ()
    languages: dict[str, Language] = {}
    report_link: str = Field("", pattern=r"^(https?://[^\s<>'\x22]+)?$")
    attach: Literal["none", "html", "zip"] = "none"


class Costs(_Part):
    """What a refund really costs, in the shop's currency; the share is of the goods' price, between 0 and 1.

    What is not written is assumed: the sums here are in yuan, and taken at the price level of the shop's currency.
    """

    freight_out: float = Field(6.0, ge=0)
    freight_back: float = Field(8.0, ge=0)
    handling: float = Field(3.0, ge=0)
    share_not_resold: float = Field(0.2, ge=0, le=1)


class Shop(_Part):
    """One shop: its files, its languages and its people; ``notebooks`` sets parameters of its pages, by notebook."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    name: str
    platform: Annotated[str, AfterValidator(_known_platform)] = "taobao"
    market: Annotated[str, AfterValidator(_known_market)] = "cn"
    language: Annotated[tuple[Language, ...], BeforeValidator(_several)] = ("zh",)
    exports: Address
    layouts: Texts = ()
    zone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Shanghai"
    currency: Annotated[str, AfterValidator(_known_currency)] = "CNY"
    managers: Texts = ()
    analysts: Texts = ()
    costs: Costs = Costs()
    people: dict[str, str] = {}
    notebooks: dict[str, dict[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_its_market(cls, keys: Any) -> Any:
        """What is not written of currency, zone, language and costs: that of the market, and that of the platform."""
        if not isinstance(keys, dict):
            return keys
        platform = platforms().get(str(keys.get("platform", "taobao")))
        name = keys.get("market", platform.market if platform else "cn")
        market = markets().get(str(name))
        given: dict[str, Any] = {"market": name}
        if market:
            given |= {"currency": market.currency, "zone": market.zone, "language": market.language}
        level = price_level(str(keys.get("currency", given.get("currency", ""))))
        costs = keys.get("costs", {})
        if level != 1 and isinstance(costs, dict):
            assumed = {
                name: Costs.model_fields[name].default * level for name in ("freight_out", "freight_back", "handling")
            }
            given["costs"] = assumed | costs
            keys = {name: value for name, value in keys.items() if name != "costs"}
        return given | keys

    @property
    def market_facts(self) -> Market:
        """What the shop's market says: its sales festivals, its regions' name, its wording on lawful returns."""
        return markets()[self.market]

    @property
    def tz(self) -> ZoneInfo:
        """The shop's zone, as Python's own."""
        return ZoneInfo(self.zone)


class Keep(_Part):
    """How long what was is kept: any day so far back can be repeated with --as-of; reports stay so many weeks."""

    as_of_days: int = Field(400, ge=7)
    report_weeks: int = Field(106, ge=2)


class Settings(_Part):
    """The whole of shops.toml, with every relative path made absolute against the file's own folder."""

    store: Place = Place(path="data/store")
    reports: Place = Place(path="reports")
    mail: Mail | None = None
    keep: Keep = Keep()
    shops: tuple[Shop, ...] = ()
    file: Path

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The shops' ids, in the file's order."""
        return tuple(s.id for s in self.shops)

    def shop(self, shop_id: str) -> Shop:
        """The shop of that id; `UsageError` with the nearest name where there is none."""
        for shop in self.shops:
            if shop.id == shop_id:
                return shop
        raise unknown("shop", shop_id, self.ids)

    def place(self, path: str) -> str:
        """A path of the file as it is meant: URLs as they are, relative ones against the file's folder."""
        if _URL.match(path):
            return path
        return str((self.file.parent / Path(path).expanduser()).resolve())

    def command(self, line: str) -> str:
        """A command of the program to print, with ``--config`` where it would not find this file from here."""
        here = Path.cwd()
        near = (f / DEFAULT_NAME for f in (here, *here.parents) if (f / DEFAULT_NAME).is_file())
        found = self.file.suffix == ".json" or next(near, None) == self.file  # JSON: settings that travelled
        return f"aftersales {line}" if found else f"aftersales {line} --config {quote(str(self.file))}"

    @cached_property
    def store_path(self) -> str:
        """Where the store lies."""
        return table_place(self.place(self.store.path))

    @property
    def reports_path(self) -> str:
        """Where the reports go."""
        return self.place(self.reports.path)


def find_config(path: str | Path | None = None) -> Path:
    """The configuration file: the one named, else the environment's, else the nearest shops.toml upwards."""
    named = path or os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / DEFAULT_NAME).is_file():
            return folder / DEFAULT_NAME
    raise SetupError(
        f"There is no {DEFAULT_NAME} here or above",
        found=f"looked from {here}",
        hint="write one with `aftersales init` (to try the demo: `aftersales demo`), or name it with --config",
    )


def load_settings(path: str | Path | None = None) -> Settings:
    """Read and check shops.toml; a mistake is a `SetupError` that names its line and key."""
    file = find_config(path)
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise SetupError(f"There is no file {file}", hint="write one with `aftersales init`") from None
    except UnicodeDecodeError as error:
        raise SetupError(f"{file.name} is not UTF-8 text", found=str(error.reason), hint="save it as UTF-8") from None
    except OSError as error:
        raise SetupError(f"{file} cannot be read", found=error.strerror) from None
    try:
        # settings that travel to another machine were checked before and are written as JSON
        tree = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SetupError(f"{file.name} is not valid TOML", found=str(error)) from None
    try:
        settings = Settings(**{**tree, "file": file})
    except (ValidationError, TypeError) as error:
        raise _first_mistake(error, text, file.name) from None
    doubled = {i for i in settings.ids if settings.ids.count(i) > 1}
    if doubled:
        raise SetupError(f"{file.name} names a shop twice", found=", ".join(sorted(doubled)), hint="ids must differ")
    if not settings.shops:
        raise SetupError(f"{file.name} names no shop", hint="add a [[shops]] part; `aftersales init` writes an example")
    return settings


def _first_mistake(error: Exception, text: str, name: str) -> SetupError:
    if not isinstance(error, ValidationError):
        return SetupError(f"{name} is not as it should be", found=str(error))
    # an unknown key is usually the misspelt one that is missed elsewhere: name it first
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    where = ".".join(str(p + 1) if isinstance(p, int) else p for p in first["loc"])
    line = _line_of(first["loc"], text)
    wrong = {
        "extra_forbidden": f"{name}, line {line}: there is no key '{where}'",
        "missing": f"{name}, line {line}: the key '{where}' is missing",
    }.get(first["type"], f"{name}, line {line}: '{where}' is not right: {first['msg'].removeprefix('Value error, ')}")
    shown = repr(first["input"])[:80]
    if _SECRET.search(where) or _CREDENTIALS.search(str(first["input"])):  # what was typed there is not repeated
        hint = "passwords and keys come from the environment: AFTERSALES_MAIL_PASSWORD, AFTERSALES_KEY"
        return SetupError(wrong, hint=hint if first["type"] == "extra_forbidden" else None)
    return SetupError(wrong, found=None if first["type"] == "missing" else shown)


def _line_of(location: tuple[int | str, ...], text: str) -> int:
    """The line where a key stands: the last of its parts that can be found, the n-th [[shops]] for a number."""
    lines = text.splitlines()
    at, end = 0, len(lines)
    for part, following in zip(location, (*location[1:], None), strict=True):
        if isinstance(part, int):
            continue
        headers = [i for i, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{re.escape(part)}\s*\]\]", line)]
        if isinstance(following, int) and following < len(headers):
            at, end = headers[following], (*headers, end)[following + 1]
            continue
        key = re.compile(rf"\s*(\[+\s*([\w.]+\.)?{re.escape(part)}\s*\]+|\"?{re.escape(part)}\"?\s*=)")
        at = next((i for i in range(at, end) if key.match(lines[i])), at)
    return at + 1


def shop_or_only(settings: Settings, shop_id: str | None) -> Shop:
    """The named shop, or the only one there is."""
    if shop_id:
        return settings.shop(shop_id)
    if len(settings.shops) == 1:
        return settings.shops[0]
    raise UsageError("Which shop is meant?", found=", ".join(settings.ids))
