"""What can go wrong, sorted by who must act: the data's owner, the asker, or whoever set the machine up."""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.resources import files


class AftersalesError(Exception):
    """One clear sentence: what is wrong; what was found; what to do.

    The command line prints it as it is, without a traceback. ``code`` names its kind for pages in both languages.

    >>> print(DataError("The file is empty", found="0 bytes in orders.csv", hint="export it again"))
    The file is empty. Found: 0 bytes in orders.csv. Hint: export it again.
    """

    def __init__(
        self, wrong: str, *, found: str | None = None, hint: str | None = None, code: str | None = None
    ) -> None:
        self.wrong, self.found, self.hint, self.code = wrong.rstrip("."), found, hint, code
        parts = [
            self.wrong,
            f"Found: {found.rstrip('.')}" if found else None,
            f"Hint: {hint.rstrip('.')}" if hint else None,
        ]
        super().__init__(". ".join(p for p in parts if p) + ".")

    def __reduce__(self) -> tuple:
        # keyword-only arguments do not survive the default pickling, and errors cross process borders here
        return (_rebuild, (type(self), self.wrong, self.found, self.hint, self.code))


class DataError(AftersalesError):
    """A file or table is not what it should be: the shop that exported it must act."""


class UsageError(AftersalesError):
    """What was asked for does not exist or makes no sense: the asker must act."""


class SetupError(AftersalesError):
    """The configuration, the machine or the store is not right: whoever set it up must act."""


class DamageError(SetupError):
    """The store is not what was written into it: a file has to be put back, or the shop's exports imported again."""


_OUR_ERRORS = {"DamageError", "DataError", "UsageError", "SetupError", "AftersalesError"}
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# what an error of a library quotes of data: lists of values, and anything in quotes but a plain identifier
_VALUES = re.compile(
    r"\[[^\[\]\n]*[\"'`\d][^\[\]\n]*\]|`(?![A-Za-z_][\w.: ]*`)[^`\n]+`|\"(?![A-Za-z_][\w./\-]*\")[^\"\n]+\""
    r"|(?<!\w)'(?![A-Za-z_][\w./\-]*')[^'\n]+'(?!\w)"
)
_PARTS = re.compile(r"(?P<wrong>.*?)(?:\. Found: (?P<found>.*?))?(?:\. Hint: (?P<hint>.*?))?\.?", re.S)
_ERROR_LENGTH = 300  # an error sentence stands in a table's cell; the traceback holds the rest
_AGAIN = "then run the same command again: what was finished is kept, nothing is half done"
_OF_THE_MACHINE = {
    errno.ENOSPC: ("The disk is full", f"make room, {_AGAIN}"),
    errno.EDQUOT: ("The disk quota is used up", f"make room or have it raised, {_AGAIN}"),
    errno.EFBIG: ("A file grew larger than this user's limit", f"have the limit raised (ulimit -f), {_AGAIN}"),
    errno.EROFS: ("The disk is read-only", f"mount it for writing, {_AGAIN}"),
    errno.EACCES: ("A file or folder may not be used", f"give this user the right to it, {_AGAIN}"),
    errno.ENOMEM: ("There is not enough memory", f"close other programs or take a larger machine, {_AGAIN}"),
}


def of_a_path(error: BaseException, given: Iterable[str]) -> UsageError | None:
    """The sentence where a path that somebody gave, or what was to lie below it, cannot be used; None elsewhere.

    >>> print(of_a_path(FileNotFoundError(2, "No such file or directory", "no/where.csv"), ["layout", "no/where.csv"]))
    no/where.csv cannot be used. Found: No such file or directory. Hint: name another path.
    >>> of_a_path(FileNotFoundError(2, "No such file or directory", "our/own.toml"), ["layout", "no/where.csv"])
    """
    if not isinstance(error, OSError) or not isinstance(error.filename, str):
        return None
    if not any(one and (error.filename == one or error.filename.startswith(f"{one.rstrip('/')}/")) for one in given):
        return None
    return UsageError(f"{error.filename} cannot be used", found=error.strerror, hint="name another path")


def of_the_machine(error: BaseException) -> SetupError | None:
    """The sentence for an error of the machine, a full or read-only disk first of all; None where it is none.

    Compiled parts tell such errors only in their text, as ``os error 28``.

    >>> print(of_the_machine(OSError(errno.ENOSPC, "No space left on device", "store/orders")).wrong)
    The disk is full
    >>> of_the_machine(ValueError("3"))
    """
    said = re.search(r"os error (\d+)", str(error))
    number = error.errno if isinstance(error, OSError) and error.errno else int(said[1]) if said else None
    number = errno.ENOMEM if isinstance(error, MemoryError) else number
    if number not in _OF_THE_MACHINE:
        return None
    wrong, hint = _OF_THE_MACHINE[number]
    where = getattr(error, "filename", None)
    return SetupError(wrong, found=str(where) if where else None, hint=hint)


def _rebuild(
    kind: type[AftersalesError], wrong: str, found: str | None, hint: str | None, code: str | None
) -> AftersalesError:
    return kind(wrong, found=found, hint=hint, code=code)


def error_words(name: str, text: str, language: str = "en") -> str:
    """An error as a short sentence: our own errors speak for themselves, others with their name.

    >>> error_words("DataError", "The file is empty."), error_words("KeyError", "'a'")
    ('The file is empty', "KeyError: 'a'")
    """
    first = next((line.strip() for line in uncoloured(text).splitlines() if line.strip()), "")
    first = error_in(first, language) if name in _OUR_ERRORS else without_values(first)
    words = first if name in _OUR_ERRORS else f"{name}: {first}" if first else name
    return words[:_ERROR_LENGTH].rstrip(".。")


def error_in(text: str, language: str) -> str:
    """An error's sentence (its ``str``) in that language; what has no Chinese in ``errors.toml`` stays in English.

    >>> print(error_in("There is no shop 'dmeo'. Found: demo. Hint: did you mean 'demo'?.", "zh"))
    没有名为“dmeo”的店铺。实际：demo。处理：是不是“demo”？
    >>> error_in("3 is odd.", "zh")
    '3 is odd.'
    """
    parts = _PARTS.fullmatch(text.strip())
    if language != "zh" or parts is None or (wrong := _chinese(parts["wrong"])) is None:
        return text
    told = [wrong]
    for label, part in (("实际", parts["found"]), ("处理", parts["hint"])):
        told += [f"{label}：{_chinese(part) or part}"] if part else []
    return "".join(one if one.endswith("？") else f"{one}。" for one in told)


class _Value(str):
    """A value in a sentence; with the form ``w`` its Chinese, or that of each of its parts."""

    __slots__ = ()

    def __format__(self, form: str) -> str:
        if form != "w":
            return str(self)
        for between, written in (("; ", "；"), (", ", "、")):
            if between in self and _chinese(self) is None:
                return written.join(f"{_Value(part):w}" for part in self.split(between))
        return _chinese(self) or _chinese(self, "values") or str(self)


def _chinese(text: str, table: str = "sentences") -> str | None:
    for english, chinese in _patterns(table):
        if found := english.fullmatch(text):
            return chinese.format(*map(_Value, found.groups()))
    return None


@cache
def _patterns(table: str) -> list[tuple[re.Pattern[str], str]]:
    """The English as patterns, with the Chinese, those that say most of themselves first."""
    told = tomllib.loads(files("aftersales.words").joinpath("errors.toml").read_text("utf-8"))[table]
    ordered = sorted(told.items(), key=lambda pair: len(pair[0].replace("{}", "")), reverse=True)
    return [(re.compile("(.*?)".join(map(re.escape, english.split("{}"))), re.S), zh) for english, zh in ordered]


def without_values(text: str) -> str:
    r"""An error of somebody else's code without the values it quotes, which may be anybody's name or address.

    >>> without_values("conversion failed in column 'amount' for 1 out of 2 values: [\"Li Lei\"]")
    "conversion failed in column 'amount' for 1 out of 2 values: […]"
    """
    return _VALUES.sub(lambda found: f"{found[0][0]}…{found[0][-1]}", text)


def uncoloured(text: str) -> str:
    r"""The text without a terminal's colours.

    >>> uncoloured("\x1b[31mred\x1b[0m")
    'red'
    """
    return _ANSI.sub("", text)


def unknown(what: str, asked: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not among the known ones, with the nearest as a hint.

    >>> print(unknown("shop", "dmeo", ["demo", "basic"]))
    There is no shop 'dmeo'. Found: demo, basic. Hint: did you mean 'demo'?.
    """
    names = list(known)
    near = get_close_matches(asked, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else None
    return UsageError(f"There is no {what} '{asked}'", found=", ".join(names) or "none at all", hint=hint)
