"""A notebook's parameters, checked before anything starts: papermill itself only logs an unknown one and goes on."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from aftersales.sources.settings import Shop
from aftersales.words.errors import SetupError, UsageError, unknown
from aftersales.words.language import LANGUAGES
from aftersales.words.periods import Week

# what every notebook of a report takes
RUN_PARAMETERS = ("shop", "week", "language")
_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (float, int), "bool": (bool,), "list": (list, tuple), "dict": (dict,),
    "date": (str, date),
}  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: ``kind`` is its annotation, ``help`` its trailing comment."""

    name: str
    kind: str
    default: str
    help: str

    def __str__(self) -> str:
        return f"{self.name}: {self.kind} = {self.default}" + (f" ({self.help})" if self.help else "")


def declared_parameters(notebook: Path) -> dict[str, Parameter]:
    """The parameters of a notebook's cell tagged ``parameters``, by name.

    Raises `UsageError` where there is no such notebook or it cannot be read, `SetupError` where the cell is missing.
    """
    if not notebook.is_file():
        raise no_notebook(notebook)
    return _declared(str(notebook), notebook.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _declared(path: str, changed: int) -> dict[str, Parameter]:
    from nbformat import ValidationError  # with papermill a second: whoever gives no parameters needs neither
    from nbformat.reader import NotJSONError
    from papermill import inspect_notebook

    try:
        found = inspect_notebook(path)
    except (NotJSONError, ValidationError, ValueError, KeyError) as error:
        raise unreadable(Path(path), error) from error
    if not found:
        raise SetupError(
            f"The notebook '{Path(path).name}' declares no parameters",
            hint="tag the cell with shop, week and language 'parameters'",
        )
    return {
        key: Parameter(key, _kind(entry["inferred_type_name"]), entry["default"], entry["help"])
        for key, entry in found.items()
    }


def checked_parameters(notebook: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, each known to the notebook and of its type; `UsageError` tells which is not, and what it takes."""
    declared = declared_parameters(notebook)
    for name, value in values.items():
        if name not in declared:
            raise UsageError(
                f"The notebook '{notebook.stem}' has no parameter '{name}'",
                found="it takes " + "; ".join(map(str, declared.values())),
            )
        _check_value(notebook, declared[name], value)
    if values:
        from aftersales.week.options import checked  # with every analysis behind it: whoever gives none needs none

        checked(_page_of(notebook.stem), **values)
    return dict(values)


def no_notebook(path: Path) -> UsageError:
    """The error for a notebook that is not there."""
    return UsageError(f"There is no notebook '{path.name}'", found=f"looked in {path.parent}")


def unreadable(path: Path, error: Exception) -> UsageError:
    """The error for a file that is no notebook."""
    found = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return UsageError(f"The notebook '{path.name}' cannot be read", found=found)


def check_run(week: str, languages: Iterable[str]) -> None:
    """Refuse a week or a language that is none (`UsageError`)."""
    Week.parse(week)
    for language in languages:
        if language not in LANGUAGES:
            raise UsageError(f"There is no language '{language}'", found=", ".join(LANGUAGES))


def run_parameters(notebook: Path, *, shop: str, week: str, language: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """What one notebook of a report is run with: shop, week, language, and of the extra ones those it declares."""
    check_run(week, [language])
    own = own_parameters(notebook, extra)
    return checked_parameters(notebook, {"shop": shop, "week": week, "language": language}) | own


def own_parameters(notebook: Path, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Of a report's extra parameters those of this notebook, checked.

    One is named by itself, for every notebook that declares it, or with its notebook, with or without its number, which
    comes before: ``05-problem-products.top``.
    """
    if not extra:
        return {}
    declared = declared_parameters(notebook)
    names = sorted((name for name in extra if _meant(name, notebook.stem)), key=lambda name: "." in name)
    own = {_bare(name): extra[name] for name in names if _bare(name) in declared or "." in name}
    return checked_parameters(notebook, {name: value for name, value in own.items() if name not in RUN_PARAMETERS})


def shop_parameters(shop: Shop, notebooks: Iterable[Path]) -> dict[str, Any]:
    """The parameters that shops.toml sets for a shop's notebooks, named with these; `SetupError` for a wrong one."""
    books = tuple(notebooks)
    extra = {f"{book}.{name}": value for book, values in shop.notebooks.items() for name, value in values.items()}
    try:
        refuse_unknown(books, extra)
        for book in books:
            own_parameters(book, extra)
    except UsageError as error:
        raise SetupError(
            f"The part 'notebooks' of the shop '{shop.id}' is wrong: {error.wrong}", found=error.found, hint=error.hint
        ) from None
    return extra


def text_parameters(pairs: Iterable[str], notebooks: Iterable[Path]) -> dict[str, Any]:
    """Parameters written name=value or notebook.name=value, each read as the type that its notebook declares.

    Lists are written with commas. What is not of that type stays text, and is refused where it is checked.
    """
    found: dict[str, Any] = {}
    kinds = {book.stem: declared_parameters(book) for book in notebooks} if (pairs := tuple(pairs)) else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not all(part.isidentifier() for part in name.split(".")[-1:]):
            raise UsageError("A parameter is written name=value or notebook.name=value", found=f"'{pair}'")
        declared = (names[_bare(name)] for stem, names in kinds.items() if _meant(name, stem) and _bare(name) in names)
        kind = next((parameter.kind for parameter in declared), "str")
        outer, _, inner = kind.partition("[")
        parts = [part.strip() for part in value.split(",") if part.strip()]
        found[name] = [_read(part, inner.rstrip("]")) for part in parts] if outer == "list" else _read(value, outer)
    return found


def _read(text: str, kind: str) -> Any:
    """A text as a number or truth value where that is the kind; else the text.

    >>> _read("8", "int"), _read("0.5", "float"), _read("true", "bool"), _read("8", "str"), _read("many", "int")
    (8, 0.5, True, '8', 'many')
    """
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return {"int": int, "float": float}.get(kind, str)(text)
    except ValueError:
        return text


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


def _page_of(stem: str) -> str:
    return stem.lstrip("0123456789").lstrip("-_")


def _meant(name: str, stem: str) -> bool:
    """Whether a parameter's name, which may tell its notebook, is meant for that notebook."""
    return name.rpartition(".")[0] in ("", stem, _page_of(stem))


def changed_parameters(notebook: Path, extra: Mapping[str, Any]) -> dict[str, tuple[Any, str]]:
    """Of the parameters given, those that are not the notebook's own: value and default by name."""
    declared = declared_parameters(notebook) if extra else {}
    own = own_parameters(notebook, extra)
    return {
        name: (value, declared[name].default) for name, value in own.items() if repr(value) != _plain(declared[name])
    }


def _plain(parameter: Parameter) -> str:
    try:
        return repr(literal_eval(parameter.default))
    except (ValueError, SyntaxError):
        return parameter.default


def refuse_unknown(notebooks: Iterable[Path], extra: Mapping[str, Any]) -> None:
    """Refuse an extra parameter that no notebook of the report declares, or one that the run itself sets."""
    if not extra:
        return
    declared = {notebook.stem: declared_parameters(notebook) for notebook in notebooks}
    for full in extra:
        book, _, name = full.rpartition(".")
        meant = {stem: names for stem, names in declared.items() if _meant(full, stem)}
        if not meant:
            raise unknown("notebook", book, declared)
        if name in RUN_PARAMETERS:
            raise UsageError(f"The run itself sets the parameter '{name}'", hint="choose it as shop, week or language")
        if not any(name in names for names in meant.values()):
            takes = "; ".join(
                f"'{stem}' takes " + ", ".join(str(p) for p in names.values() if p.name not in RUN_PARAMETERS)
                for stem, names in meant.items()
                if set(names) - set(RUN_PARAMETERS)
            )
            raise UsageError(
                f"The notebook '{book}' has no parameter '{name}'"
                if book
                else f"No notebook of the report has a parameter '{name}'",
                found=takes or f"{', '.join(meant)} take nothing beyond {', '.join(RUN_PARAMETERS)}",
            )


def _kind(annotation: str) -> str:
    return "any" if annotation in {"None", ""} else annotation.replace(" ", "")


def _check_value(notebook: Path, parameter: Parameter, value: Any) -> None:
    outer, _, inner = parameter.kind.partition("[")
    kinds = _KINDS.get(outer)
    if kinds is None:
        return
    inner = inner.rstrip("]")
    fits = _fits(value, outer) and (outer != "list" or inner not in _KINDS or all(_fits(item, inner) for item in value))
    if not fits:
        raise UsageError(
            f"The parameter '{parameter.name}' of the notebook '{notebook.stem}' takes {parameter.kind}"
            + (f": {parameter.help}" if parameter.help else ""),
            found=f"{value!r}, which is {type(value).__name__}",
        )


def _fits(value: Any, kind: str) -> bool:
    # a bool is an int to Python, not to whoever asks for a number
    return isinstance(value, _KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))
