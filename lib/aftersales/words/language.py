"""Two languages from one result: whole-sentence templates side by side, filled by typed formatters.

A template names its values with a type, ``{rate:pct}``, so that one formatter a language writes every percentage.
The sentences stand in ``words/catalogue/*.toml``, one table a key with ``zh`` and ``en``.
"""

from __future__ import annotations

import json
import string
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton

from aftersales.words.errors import SetupError
from aftersales.words.markets import markets

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
# Made once: babel looks its files through anew for every name of a locale it is given.
_LOCALE = {"zh": Locale.parse("zh_CN"), "en": Locale.parse("en_GB")}
_SIGNS = {
    "CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "TWD": "NT$",
    "INR": "₹", "IDR": "Rp", "MYR": "RM",
    "PHP": "₱", "SGD": "S$", "THB": "฿", "VND": "₫", "KRW": "₩", "CAD": "CA$", "MXN": "MX$", "BRL": "R$", "AUD": "A$",
}  # fmt: skip
MINUS = "\N{MINUS SIGN}"
NOTHING = "–"
MOST_CHANGE = 10.0  # beyond it a relative change is said as more than that


def _signed(text: str, value: float, plus: bool) -> str:
    return (MINUS if value < 0 else "+" if plus and value > 0 else "") + text


def number(
    value: float | int | Decimal | None, language: Language = "zh", *, digits: int = 0, plus: bool = False
) -> str:
    """A number with thousands commas and a true minus sign; a missing one is a dash.

    >>> number(-1234.5, digits=1), number(3, plus=True), number(None)
    ('−1,234.5', '+3', '–')
    """
    if value is None:
        return NOTHING
    shown = round(float(value), digits) + 0.0
    return _signed(f"{abs(shown):,.{digits}f}", shown, plus)


def few(value: float | None, language: Language = "zh") -> str:
    """An expected count to one digit; one that is not nothing never reads as 0.

    >>> few(3.14), few(0.02), few(0.0)
    ('3.1', '<0.1', '0.0')
    """
    return "<0.1" if value is not None and 0 < value < 0.05 else number(value, language, digits=1)


def percent(value: float | None, language: Language = "zh", *, digits: int = 1) -> str:
    """A share between 0 and 1 as a percentage.

    >>> percent(0.2312), percent(0.04, digits=0)
    ('23.1%', '4%')
    """
    return NOTHING if value is None else number(100 * value, digits=digits) + "%"


def relative_change(value: float | None, language: Language = "zh") -> str:
    """A relative change in whole per cent; more than tenfold is said as that, for no figure there is worth reading.

    >>> relative_change(-0.64), relative_change(169.9), relative_change(59.0, "en")
    ('−64%', '1,000% 以上', 'over 1,000%')
    """
    if value is None or value <= MOST_CHANGE:
        return percent(value, language, digits=0)
    most = percent(MOST_CHANGE, language, digits=0)
    return f"{most} 以上" if language == "zh" else f"over {most}"


def probability(value: float | None, language: Language = "zh") -> str:
    """A probability as a percentage that never reads as certain.

    >>> probability(0.873), probability(0.9991), probability(0.002)
    ('87%', '>99%', '<1%')
    """
    if value is None:
        return NOTHING
    return ">99%" if value > 0.99 else "<1%" if value < 0.01 else percent(value, language, digits=0)


def likelihood(value: float | None, language: Language = "zh") -> str:
    """How likely a suspicion is, as a level: high from 0.9, medium from 0.6, low below.

    >>> likelihood(0.97), likelihood(0.7, "en"), likelihood(0.5, "en"), likelihood(None)
    ('高', 'medium', 'low', '–')
    """
    if value is None:
        return NOTHING
    return say("likelihood." + ("high" if value >= 0.9 else "medium" if value >= 0.6 else "low"), language)


def points(value: float | None, language: Language = "zh", *, digits: int = 1) -> str:
    """A difference of two rates in percentage points, with its sign.

    >>> points(0.049), points(-0.0011, "en"), points(-0.0011, "en", digits=2)
    ('+4.9 个百分点', '−0.1 pp', '−0.11 pp')
    """
    return (
        NOTHING
        if value is None
        else number(100 * value, digits=digits, plus=True) + (" 个百分点" if language == "zh" else " pp")
    )


def money(
    value: float | Decimal | None,
    language: Language = "zh",
    *,
    currency: str = "CNY",
    plus: bool = False,
    like: float = 0.0,
) -> str:
    """Money as a reader of that language writes it: 万 and 亿, or K and M; small sums in full.

    Beside a sum as large as ``like`` cents say nothing, and are left out; both are written in its unit.

    >>> money(486000), money(123456789), money(9800.4), money(486000, "en"), money(-1234567, "en")
    ('¥48.6万', '¥1.23亿', '¥9,800', '¥486K', '−¥1.23M')
    >>> money(39.35), money(39.35, like=1793), money(2500, like=11000), money(2500, "en", like=11000)
    ('¥39.35', '¥39', '¥0.25万', '¥2.5K')
    """
    if value is None:
        return NOTHING
    amount, sign = abs(float(value)), _SIGNS.get(currency, currency + " ")
    steps = [(1e8, "亿", 2), (1e4, "万", 1)] if language == "zh" else [(1e9, "B", 2), (1e6, "M", 2), (1e4, "K", 0)]
    for size, unit, digits in steps:
        step = 1e3 if unit == "K" else size
        smaller = amount < size - 0.5
        if not smaller or (like >= size - 0.5 and amount >= size / 10):
            return _signed(f"{sign}{amount / step:,.{digits + smaller}f}{unit}", float(value), plus)
    whole = max(amount, like) >= 100 or amount == int(amount)
    return _signed(f"{sign}{amount:,.{0 if whole else 2}f}", float(value), plus)


def exact_money(value: float | Decimal | None, language: Language = "zh", *, currency: str = "CNY") -> str:
    """Money to the cent, as papers want it.

    >>> exact_money(Decimal("12034.5")), exact_money(-3, "en", currency="USD"), exact_money(None)
    ('¥12,034.50', '−$3.00', '–')
    >>> exact_money(649, "en", currency="INR")
    '₹649.00'
    """
    if value is None:
        return NOTHING
    sign = _SIGNS.get(currency, currency + " ")
    return _signed(f"{sign}{abs(Decimal(str(value))):,.2f}", float(value), plus=False)


def day(value: date | datetime | None, language: Language = "zh") -> str:
    """A date without its year, as in a table or beside a chart.

    >>> day(date(2026, 11, 9)), day(date(2026, 11, 9), "en")
    ('11月9日', '9 Nov')
    """
    return NOTHING if value is None else format_skeleton("MMMd", value, locale=_LOCALE[language])


def full_day(value: date | datetime | None, language: Language = "zh") -> str:
    """A date with its year.

    >>> full_day(date(2026, 11, 9)), full_day(date(2026, 11, 9), "en")
    ('2026年11月9日', '9 Nov 2026')
    """
    return (
        NOTHING
        if value is None
        else format_date(value, "long" if language == "zh" else "medium", locale=_LOCALE[language])
    )


def month(value: date | datetime | None, language: Language = "zh") -> str:
    """A month with its year.

    >>> month(date(2026, 11, 1)), month(date(2026, 9, 1), "en")
    ('2026年11月', 'Sep 2026')
    """
    if value is None:
        return NOTHING
    return format_skeleton("yMMM", value, locale=_LOCALE["zh"]) if language == "zh" else f"{value:%b %Y}"


def week_of(value: str | None, language: Language = "zh") -> str:
    """An ISO week by its Monday.

    >>> week_of("2026-W46"), week_of("2026-W46", "en")
    ('11月9日当周', 'week of 9 Nov')
    """
    if value is None:
        return NOTHING
    # not by `Week.parse`, whose module loads polars: whoever only speaks need not wait for that
    monday = day(date.fromisocalendar(int(value[:4]), int(value[6:]), 1), language)
    return f"{monday}当周" if language == "zh" else f"week of {monday}"


def span(first: date, last: date, language: Language = "zh") -> str:
    """A span of days with its year.

    >>> span(date(2026, 11, 9), date(2026, 11, 15)), span(date(2026, 11, 9), date(2026, 11, 15), "en")
    ('2026年11月9日至15日', '9–15 Nov 2026')
    """
    return format_interval(first, last, "yMMMd", locale=_LOCALE[language]).replace("\u2009", "")


def clock(value: datetime | None, language: Language = "zh") -> str:
    """A moment to the minute, or the day alone where a file gave no hour (`columns.has_hour`).

    >>> clock(datetime(2026, 11, 9, 14, 2)), clock(datetime(2026, 11, 9))
    ('2026-11-09 14:02', '2026-11-09')
    """
    if value is None:
        return NOTHING
    return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"


def hours(value: float | None, language: Language = "zh", *, like: float | None = None, plus: bool = False) -> str:
    """A duration given in hours: minutes under one hour, days from three days on.

    ``like`` chooses the unit in the value's place, so that durations that are compared stand in one unit.

    >>> hours(19.4), hours(0.25, "en"), hours(100, "en"), hours(39.2, "en", like=110)
    ('19.4 小时', '15 min', '4.2 days', '1.6 days')
    """
    if value is None:
        return NOTHING
    size = abs(value if like is None else like)
    if size < 1:
        return number(60 * value, plus=plus) + (" 分钟" if language == "zh" else " min")
    if size < 72:
        return number(value, digits=1, plus=plus) + (" 小时" if language == "zh" else " h")
    return number(value / 24, digits=1, plus=plus) + (" 天" if language == "zh" else " days")


def enumerated(values: Iterable[Any], language: Language) -> str:
    """Things in a row.

    >>> enumerated(["a", "b"], "en"), enumerated(["甲", "乙"], "zh")
    ('a, b', '甲、乙')
    """
    return ("、" if language == "zh" else ", ").join(str(v) for v in values)


@cache
def names(language: Language) -> Mapping[str, str]:
    """What the platforms' provinces, couriers and channels are called in that language; nothing for Chinese."""
    if language == "zh":
        return {}
    lists = tomllib.loads(files("aftersales.words").joinpath("names.toml").read_text("utf-8"))
    return {zh: en for listed in lists.values() for zh, en in listed.items()}


def named(value: str | None, language: Language) -> str:
    """A province, courier or channel by its name in that language; any other as it is.

    >>> named("河南省", "en"), named("申通快递", "en"), named("河南省", "zh"), named("Bluedart", "en")
    ('Henan', 'STO Express', '河南省', 'Bluedart')
    """
    return NOTHING if value is None else names(language).get(value, value)


def run_on(sentences: Iterable[str], language: Language) -> str:
    """Whole sentences after one another in one paragraph: Chinese ones without a blank between.

    >>> run_on(["One.", "Two."], "en"), run_on(["一。", "二。"], "zh")
    ('One. Two.', '一。二。')
    """
    return ("" if language == "zh" else " ").join(sentences)


FORMATTERS: dict[str, Callable[[Any, Language], str]] = {
    "int": number, "pct": percent, "pp": points, "money": money, "day": day, "date": full_day, "month": month,
    "week": week_of, "change": relative_change, "clock": clock, "hours": hours, "probability": probability,
    "likelihood": likelihood, "name": named,
    "num1": lambda v, lang: number(v, lang, digits=1), "few": few, "num2": lambda v, lang: number(v, lang, digits=2),
    "capital": lambda v, lang: v[:1].upper() + v[1:],
    "plus": lambda v, lang: number(v, lang, plus=True), "list": enumerated,
    "pp2": lambda v, lang: points(v, lang, digits=2),
    "pct_change": lambda v, lang: NOTHING if v is None else number(100 * v, lang, plus=True) + "%",
    "pct0": lambda v, lang: percent(v, lang, digits=0), "pct2": lambda v, lang: percent(v, lang, digits=2),
}  # fmt: skip


class _Filler(string.Formatter):
    def __init__(self, language: Language, currency: str, market: str, like: Mapping[str, float]) -> None:
        self.language, self.currency, self.market, self.like = language, currency, market, like

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        if key in ("region", "regions") and key not in kwargs:
            return say(f"{key}.{markets()[self.market].region}", self.language)
        return super().get_value(key, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            return _for_number(value, format_spec)
        if format_spec == "word":
            return say(str(value), self.language, market=self.market)
        if format_spec == "note":  # a note on a file, kept as its code and values: see `sources.notes`
            told = json.loads(value)
            return say(f"reading.note.{told.pop('note')}", self.language, **told)
        if format_spec in ("money", "exact"):
            how = {"like": self.like.get("money", 0.0)} if format_spec == "money" else {}
            return (money if how else exact_money)(value, self.language, currency=self.currency, **how)
        if format_spec == "hours":
            return hours(value, self.language, like=self.like.get("hours"))
        return FORMATTERS[format_spec](value, self.language) if format_spec else str(value)


def _for_number(value: float, forms: str) -> str:
    """The form for one or for many: ``row|rows`` behind its number, ``=holds|hold`` alone, as of a verb."""
    one, many = forms.removeprefix("=").split("|")
    form = one if value == 1 else many
    return form if forms.startswith("=") else f"{number(value)} {form}"


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every sentence of the house: key to its zh and en templates; for other markets' forms, key@form (`say`).

    A key that stands twice is a `SetupError`.
    """
    sentences: dict[str, Mapping[str, str]] = {}
    for file in sorted(files("aftersales.words").joinpath("catalogue").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for key, pair in _flat(tomllib.loads(file.read_text("utf-8"))):
            if key in sentences:
                raise SetupError(f"The sentence '{key}' stands twice in the catalogue", found=file.name)
            sentences[key] = pair
    return sentences


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Mapping[str, str]]]:
    found: list[tuple[str, Mapping[str, str]]] = []
    for key, value in tree.items():
        if isinstance(value, dict) and {"zh", "en"} <= value.keys():
            found.append((prefix + key, {name: text for name, text in value.items() if isinstance(text, str)}))
            found += [(f"{prefix}{key}@{form}", texts) for form, texts in value.items() if isinstance(texts, dict)]
        else:
            found += _flat(value, f"{prefix}{key}.")
    return found


def say(key: str, language: Language, *, currency: str = "CNY", market: str = "cn", **values: Any) -> str:
    """The sentence of that key in that language, its values formatted by type (`FORMATTERS`).

    A type ``row|rows`` writes a number with the noun that fits it, ``=holds|hold`` the verb alone. ``word`` looks its
    value up as a key, ``note`` tells a note on a file. ``{region}`` and ``{regions}`` are
    what the market calls its provinces or states; a sentence with forms takes, in other markets than cn, that of the
    market's ``lawful_return``, else that named ``abroad``.
    Raises `SetupError` for a key the catalogue lacks.

    >>> say("common.rate_with_counts", "en", rate=0.2312, part=23, whole=100)
    '23.1% (23 of 100)'
    >>> say("common.rate_with_counts", "zh", rate=0.2312, part=23, whole=100)
    '23.1%（100 中的 23）'
    >>> say("refunds.no_provinces", "en", market="in")
    'The files contain no states, so no chart is shown.'
    """
    try:
        forms = () if market == "cn" else (f"{key}@{markets()[market].lawful_return}", f"{key}@abroad")
        template = catalogue()[next((form for form in forms if form in catalogue()), key)][language]
    except KeyError:
        raise SetupError(
            f"The catalogue has no sentence '{key}' in '{language}'", hint="add it to words/catalogue"
        ) from None
    return _Filler(language, currency, market, _largest(template, values)).vformat(template, (), values)


def _largest(template: str, values: Mapping[str, Any]) -> dict[str, float]:
    """The largest duration of a sentence, and the largest sum where it tells a range: these set how all are written."""
    forms = [form for form in ("hours", "money") if f"{'low' * (form == 'money')}:{form}}}" in template]
    if not forms:
        return {}
    fields = [(form, name) for _, name, form, _ in string.Formatter().parse(template) if name and form in forms]
    return dict(sorted((str(form), abs(float(values[name]))) for form, name in fields if values.get(name) is not None))
