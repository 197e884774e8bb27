"""A form for a notebook's parameters: choose shop and week, run it, see what it says and where its page is."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from IPython.display import HTML, display

from aftersales.charts.markup import escaped
from aftersales.charts.table import Column, Table
from aftersales.sources.settings import Settings, Shop, load_settings
from aftersales.sources.storage import Folder
from aftersales.sources.store import ShopStore
from aftersales.week.options import LIMITS, Limit
from aftersales.week.tables import Tables
from aftersales.words.errors import AftersalesError, UsageError
from aftersales.words.language import LANGUAGES, Language, say, span
from aftersales.words.periods import Week, last_whole_week

MOST_WEEKS = 60  # as many as signals look back
FOLDER = "_lab"  # beside the weekly reports, which a single notebook must not replace
TIME_LIMIT_SECONDS = 600.0
_LAB_ONLY = {"aftersales": {"lab_only": True}}


@dataclass
class Form:
    """What `form` returns; shows itself. ``books`` are the notebooks that can be chosen, by name."""

    settings: Settings
    books: Mapping[str, Path]
    chosen: str
    language: Language
    _open: dict[str, Any] = field(default_factory=dict, repr=False)

    def _ipython_display_(self) -> None:
        try:
            import ipywidgets
        except ImportError:
            display(self.table(), metadata=_LAB_ONLY)
            return
        display(self._widgets(ipywidgets), metadata=_LAB_ONLY)

    def table(self) -> Table:
        """The parameters of the chosen notebook with what each is: all that can be shown without the lab's packages."""
        rows = [(p.name, p.kind, p.default, p.help) for p in self._declared().values()]
        names = ("name", "kind", "default", "help")
        columns = tuple(
            Column(n, say(f"lab.form.{n}", self.language), "code" if n == "name" else "text") for n in names
        )
        frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
        return Table(
            frame,
            columns,
            language=self.language,
            id="parameters",
            title=self.chosen,
            caption=say("lab.form.no_widgets", self.language),
        )

    def _declared(self) -> dict[str, Any]:
        from aftersales_app.reports.parameters import declared_parameters

        return declared_parameters(self.books[self.chosen])

    def _widgets(self, w: Any) -> Any:
        wide = {"style": {"description_width": "160px"}, "layout": w.Layout(width="560px")}
        book = w.Dropdown(options=list(self.books), value=self.chosen, description=self._word("notebook"), **wide)
        fields, shown, run = w.VBox(), w.Output(), w.Button(description=self._word("run"), button_style="primary")
        run.tooltip = self._word("run_help")

        def chosen(change: Any = None) -> None:
            self.chosen = book.value
            declared = self._declared()
            self._open = {name: self._field(w, parameter, wide) for name, parameter in declared.items()}
            if {"shop", "week"} <= set(self._open):
                self._open["shop"].observe(other_shop, "value")
            fields.children = tuple(w.HBox([one, w.Label(declared[name].help)]) for name, one in self._open.items())

        def other_shop(change: Any) -> None:
            self._open["week"].options = self._weeks(change["new"])
            self._open["week"].index = 0

        def pressed(button: Any) -> None:
            run.disabled = True
            shown.clear_output()
            try:
                with shown:
                    self.run(
                        **{name: value_of(one.value, self._declared()[name].kind) for name, one in self._open.items()}
                    )
            except AftersalesError as error:
                with shown:
                    display(HTML(f'<p class="as-block as-note warning">{escaped(str(error))}</p>'))
            finally:
                run.disabled = False

        book.observe(chosen, "value")
        run.on_click(pressed)
        chosen()
        return w.VBox([book, fields, run, shown])

    def _field(self, w: Any, parameter: Any, wide: dict[str, Any]) -> Any:
        """What a parameter is chosen with: by its name where the house knows it, else by its type."""
        name, default = parameter.name, _literal(parameter.default)
        label = {"description": name, "tooltip": parameter.help, **wide}
        if name == "shop":
            names = [(f"{s.name} ({s.id})", s.id) for s in self.settings.shops]
            return w.Dropdown(options=names, value=self._open_shop(), **label)
        if name == "week":
            return w.Dropdown(options=self._weeks(self._open_shop()), **label)
        if name == "language":
            return w.Dropdown(options=list(LANGUAGES), value=default if default in LANGUAGES else LANGUAGES[0], **label)
        limit = LIMITS.get(self.chosen.partition("-")[2], {}).get(name, Limit())
        kinds = {"int": w.IntText, "float": w.FloatText, "bool": w.Checkbox}
        if limit.high is not None:
            kinds |= {"int": w.BoundedIntText, "float": w.BoundedFloatText}
            label |= {"min": limit.low, "max": limit.high}
        if limit.names and parameter.kind == "str":
            kinds["str"] = w.Dropdown
            label["options"] = [*([] if default in limit.names else [default]), *limit.names]
        if parameter.kind in kinds:
            return kinds[parameter.kind](value=default, **label)
        return w.Text(value=default if isinstance(default, str) else repr(default), placeholder=parameter.help, **label)

    def _open_shop(self) -> str:
        """The shop that the notebook's own parameters name, else the first."""
        ids = [s.id for s in self.settings.shops]
        named = _literal(self._declared()["shop"].default) if "shop" in self._declared() else ""
        return named if named in ids else ids[0]

    def _weeks(self, shop: str) -> list[tuple[str, str]]:
        found = weeks_of(self.settings, self.settings.shop(shop))
        return [(f"{week} · {span(week.monday, week.sunday, self.language)}", str(week)) for week in found]

    def run(self, *, shop: str, week: str = "", language: str = "", **parameters: Any) -> Path:
        """Run the chosen notebook and show its answer and its page; the page's path.

        The report goes to ``reports/_lab``, where it replaces nothing. Raises `UsageError` for what the notebook
        does not take, and for a notebook that failed, with its reason.
        """
        from aftersales_app.reports.batch import run_batch
        from aftersales_app.reports.job import ReportJob
        from aftersales_app.reports.published import ASSETS

        one = self.settings.shop(shop)
        at = str(Week.parse(week)) if week else str(weeks_of(self.settings, one)[0])
        display(HTML(f"<p>{escaped(self._word('running'))}</p>"))
        place = Folder(self.settings.reports_path)
        home = self.settings.file.parent / "reports" if place.remote else place.local
        job = ReportJob(
            shop=one.id,
            week=at,
            languages=(language or one.language[0],),  # type: ignore[arg-type]
            notebooks=(self.books[self.chosen],),
            config=self.settings.file,
            commit=str(_head(self.settings, one).number),
            folder=home / FOLDER / one.id / at / self.chosen,
            assets=home / ASSETS,
            parameters=parameters,
            shop_name=one.name,
        )
        (result,) = run_batch([job], workers=1, time_limit_seconds=TIME_LIMIT_SECONDS)
        if result.status == "failed" or result.page is None:
            raise UsageError(f"The notebook '{self.chosen}' did not run", found=result.reason)
        page = Path(result.page)
        link = escaped(Path(os.path.relpath(page)).as_posix())
        said = say("lab.form.done", self.language, seconds=result.seconds)
        display(
            HTML(
                f'{_answer(job.folder, self.chosen)}<p>{escaped(said)} <a href="{link}" target="_blank">{link}</a></p>'
            )
        )
        return page

    def _word(self, key: str) -> str:
        return say(f"lab.form.{key}", self.language)


def form(notebook: str = "02-weekly-overview", *, config: str | Path | None = None, language: str = "") -> Form:
    """A form in JupyterLab: choose notebook, shop, week and the notebook's own parameters, run it, read its answer.

    It is built from the notebook's parameter cell, as ``papermill.inspect_notebook`` reads it: the type of each
    parameter chooses its field, its trailing comment is its help; shops come from shops.toml, weeks from the shop's
    data. The notebook runs in a process of its own, as in the weekly run; its page goes to ``reports/_lab`` and a link
    to it is shown with its answer. In code: ``form("refund-trends").run(shop="demo", week="2026-W46")``.

    ``notebook`` is a name from the folder notebooks/, with or without its number; ``language`` that of the form's own
    words (empty: the first shop's). Raises `UsageError` for a notebook that is not there.
    """
    from aftersales_app.reports.weekly import notebook_paths

    settings = load_settings(config)
    books = {path.stem: path for path in notebook_paths(settings)}
    chosen = next((stem for stem in books if notebook in (stem, stem.partition("-")[2])), None)
    if chosen is None:
        raise UsageError(f"There is no notebook '{notebook}'", found=", ".join(books))
    said = language or settings.shops[0].language[0]
    if said not in LANGUAGES:
        raise UsageError(f"There is no language '{said}'", found=", ".join(LANGUAGES))
    return Form(settings, books, chosen, said)


def weeks_of(settings: Settings, shop: Shop) -> list[Week]:
    """The whole weeks that a shop has data for, the newest first, at most `MOST_WEEKS`.

    Raises `UsageError` where it has none yet.
    """
    tables = Tables(ShopStore(settings.store_path, shop.id, shop.zone), _head(settings, shop))
    if tables.last_day is None:
        raise UsageError(f"The shop '{shop.id}' has no orders yet", hint=f"run `aftersales import {shop.id}`")
    days = tables["orders"].select(pl.min_horizontal(pl.col("created_at", "paid_at").min().dt.date())).collect().item()
    first: date = days or tables.last_day
    newest = last_whole_week(tables.last_day)
    weeks = [newest.shift(-back) for back in range(MOST_WEEKS)]
    return [week for week in weeks if week.sunday >= first] or [newest]


def value_of(given: Any, kind: str) -> Any:
    """What a field holds as a value of the parameter's type: lists and the like are written as Python writes them.

    >>> value_of("[1, 2]", "list"), value_of("size", "str"), value_of(3, "int")
    ([1, 2], 'size', 3)
    """
    if kind.partition("[")[0] in ("str", "int", "float", "bool", "date") or not isinstance(given, str):
        return given
    return _literal(given)


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _head(settings: Settings, shop: Shop) -> Any:
    return ShopStore(settings.store_path, shop.id, shop.zone).head()


def _answer(folder: Path, name: str) -> str:
    """The block that holds the headline, from the executed notebook."""
    import nbformat

    for cell in nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4).cells:
        for output in cell.get("outputs", []):
            if output.get("metadata", {}).get("aftersales", {}).get("headline"):
                return str(output["data"].get("text/html", ""))
    return ""
