"""The program: thin verbs, no logic. Every verb's work is one call into the library."""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
import traceback
from collections.abc import Iterable
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from aftersales.words.errors import AftersalesError, QuestionError, error_in, of_a_path, of_the_machine
from aftersales.words.panics import native_noise_kept, panics_as_errors
from aftersales_app.terminal import printable, screen

if TYPE_CHECKING:
    from aftersales.words.language import Language

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Start with [bold]aftersales init[/bold], put the shop's export files into its folder, then run "
    "[bold]aftersales weekly[/bold]. To try it: [bold]aftersales demo[/bold], then [bold]aftersales weekly[/bold].",
)
_out, _err = screen(), screen(stderr=True)

Config = Annotated[
    Path | None,
    typer.Option("--config", help="The shops.toml to use; without it the nearest one upwards.", show_default=False),
]
ShopName = Annotated[str, typer.Argument(help="The shop's id, as in shops.toml.", metavar="SHOP", show_default=False)]


Now = Annotated[
    str | None,
    typer.Option(
        "--now", help="What counts as now, like 2026-11-23 or '2026-11-23 09:30' (shop's time); without it the clock.",
        show_default=False,
    ),
]  # fmt: skip


def _told_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        _out.print(version("aftersales"))
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_told_version)
    ] = False,
) -> None:
    """After-sales analytics for online shops: export files in, weekly reports out."""


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError("A date is written like 2026-11-15", found=f"'{text}'") from None


def _moment(text: str | None) -> datetime | None:
    from aftersales.words.periods import moment

    return None if text is None else moment(text)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where shops.toml and the folders go.")] = Path(),
    shop: Annotated[str, typer.Option(help="The first shop's id: lower-case letters, digits, - and _.")] = "myshop",
    name: Annotated[str, typer.Option(help="Its name, as the export files write it.")] = "我的店铺",
) -> None:
    """Write a commented shops.toml and the folders, without asking anything that can be inferred."""
    from aftersales_app.starting import start

    for line in start(folder, shop_id=shop, shop_name=name, language="zh" if _speaks_chinese() else "en"):
        _out.print(escape(line))


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the made-up export files go.")] = Path("data/demo"),
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.")] = 20261116,
    orders: Annotated[int, typer.Option(help="Orders of the larger shop.", min=500)] = 100_000,
) -> None:
    """Write two made-up demo shops as export files, and their shops.toml where none is in use: then run `weekly`."""
    from aftersales_app.starting import start_demo
    from aftersales_demo.write import write_demo

    write_demo(folder, seed=seed, orders=orders)
    for line in start_demo(folder, language="zh" if _speaks_chinese() else "en"):
        _out.print(escape(line))


@app.command()
def lab(config: Config = None) -> None:
    """Open the notebooks in JupyterLab: those beside shops.toml, else copies in the folder lab."""
    import subprocess

    from aftersales.sources.settings import find_config
    from aftersales_app.starting import lab_notebooks

    books = lab_notebooks(config)
    root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    program = [sys.executable, "-m", "jupyterlab", *root, f"--notebook-dir={books.parent}"]
    first = str(books / "00-start-here.ipynb")
    environment = os.environ | {"AFTERSALES_CONFIG": str(find_config(config))}
    # what JupyterLab logs, its address above all, goes to standard error, which is held back here (`native_noise_kept`)
    ran = subprocess.run([*program, first], check=False, env=environment, stderr=subprocess.STDOUT)
    raise typer.Exit(ran.returncode)


@app.command("import")
def import_(
    shop: Annotated[
        str | None, typer.Argument(help="The shop's id; may be left out with --new.", show_default=False)
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to read; without any, what is new in its folder.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Import what is new for every shop.")] = False,
    confirm: Annotated[
        list[str] | None, typer.Option("--confirm", help="Count a file that was held back but is correct.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what each file would be taken for; write nothing.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Undo the shop's last import.")] = False,
    import_id: Annotated[
        str | None, typer.Option("--id", help="With --undo: the import to undo, so that no other is undone.")
    ] = None,
    withdraw: Annotated[str | None, typer.Option(help="Drop the rows that this file no longer contains.")] = None,
    now: Now = None,
    config: Config = None,
) -> None:
    """Read export files into the store; report which rows were loaded, merged or not loaded, and why."""
    from aftersales.sources.importing import import_files, undo_import
    from aftersales.sources.settings import load_settings, shop_or_only
    from aftersales.sources.withdrawing import withdraw as withdraw_rows
    from aftersales.words.language import say

    settings = load_settings(config)
    if (undo or withdraw) and (files or new or (undo and (withdraw or dry_run or confirm))):
        raise QuestionError("--undo and --withdraw stand alone: they take one shop, no files and nothing new")
    if import_id is not None and not undo:
        raise QuestionError("--id names the import that --undo takes back", hint="add --undo")
    shops = list(settings.shops) if new and not shop else [shop_or_only(settings, shop)]
    failed = False
    for one in shops:
        spoken: Language = "zh" if _speaks_chinese() else one.language[0]
        if dry_run:
            from aftersales.sources.preview import dry_run_lines

            unreadable: list[str] = []
            _out.print(escape("\n".join(dry_run_lines(settings, one, [str(f) for f in files or ()], unreadable))))
            failed = failed or bool(unreadable)
            continue
        try:
            if withdraw:
                _, rows = withdraw_rows(settings, one, withdraw)
                said = say("reading.withdrawn", spoken, count=rows, file=withdraw)
                _out.print(escape(f"{one.id}: {said}"))
                continue
            if undo:
                commit = undo_import(settings, one, import_id=import_id)
                _out.print(escape(f"{one.id}: {say('reading.undone', spoken, action=commit.action)}"))
                _out.print(say("reading.undone_files", spoken))
                continue
            with _err.status(f"importing {one.id}") as status:
                account = import_files(
                    settings, one, [str(f) for f in files or ()], confirm=confirm or (), now=_moment(now),
                    progress=lambda m: status.update(escape(m)),
                )  # fmt: skip
        except AftersalesError as error:
            if len(shops) == 1:
                raise
            _out.print(escape(f"{one.id}: {error_in(str(error), spoken)}"))  # the other shops go on
            failed = True
            continue
        _out.print(escape("\n".join(f"{one.id}: {line}" for line in account.lines(spoken))))
        failed = failed or bool(account.failed)
    raise typer.Exit(1 if failed else 0)


@app.command()
def layout(
    file: Annotated[Path, typer.Argument(help="An export file that no layout fits.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the layout there; else it is printed.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take what names and values suggest.")] = False,
    zone: Annotated[str, typer.Option(help="The zone of the file's times.")] = "Asia/Shanghai",
    language: Annotated[str, typer.Option(help="zh or en")] = "zh",
) -> None:
    """Draft a layout for an unknown export: columns guessed, five rows as understood, columns ignored."""
    from aftersales.sources.preview import drafted_lines
    from aftersales.words.language import LANGUAGES

    if language not in LANGUAGES:
        raise QuestionError(f"There is no language '{language}'", found=", ".join(LANGUAGES))

    def ask(field: str, columns: list[str]) -> str | None:
        _err.print(escape(" | ".join(columns)), highlight=False)
        said = typer.prompt(f"{field}: which column? (Enter: none)", default="", show_default=False, err=True)
        return said if said in columns else None

    toml, lines = drafted_lines(file, zone=zone, language=language, ask=None if yes else ask)
    if out:
        out.write_text(toml, "utf-8")
    else:
        _out.print(escape(toml), highlight=False, soft_wrap=True)
    _err.print(escape("\n".join(lines)), highlight=False, soft_wrap=True)


@app.command()
def kinds(
    shop: ShopName,
    out: Annotated[Path | None, typer.Option("--out", help="Write the table there; else it is printed.")] = None,
    config: Config = None,
) -> None:
    """Draft the table of product kinds learnt from titles: correct it, import it, and products are compared by it."""
    from aftersales_app.product_kinds import drafted_kinds

    table, lines = drafted_kinds(shop, out=out, config=config)
    if out is None:
        _out.print(escape(table), highlight=False, soft_wrap=True)
    _err.print(escape("\n".join(lines)), highlight=False, soft_wrap=True)


@app.command()
def status(now: Now = None, config: Config = None) -> None:
    """Shops, what files and days are there or missing, last runs, what is due."""
    from aftersales.sources.settings import load_settings
    from aftersales_app.status import status_lines

    unreadable: list[str] = []
    for line in status_lines(load_settings(config), unreadable, now=_moment(now)):
        _out.print(escape(line))
    raise typer.Exit(1 if unreadable else 0)


@app.command()
def today(
    shop: ShopName,
    now: Annotated[
        str | None,
        typer.Option(
            "--now",
            help="What counts as now: a moment like '2026-11-23 09:30' (shop's time), now, or data (the end of the "
            "files' data). Without it the clock, or the end of data that are more than a day old.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[str | None, typer.Option("--at", hidden=True, help="The same as --now.")] = None,
    limit: Annotated[int, typer.Option(help="How many buyers the team can contact; the rest is counted.", min=1)] = 20,
    language: Annotated[
        str | None, typer.Option(help="zh or en, of the list and of the drafts; without it the shop's first.")
    ] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="Print text to paste into a WeCom or DingTalk group, nothing else.")
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="Write the whole queue, and the other buyers of defective batches, as a table."),
    ] = None,
    drafts: Annotated[bool, typer.Option("--drafts/--no-drafts", help="Messages to buyers below the table.")] = True,
    no_import: Annotated[bool, typer.Option("--no-import", help="Do not look for new export files.")] = False,
    config: Config = None,
) -> None:
    """Whom to contact now: orders not shipped first, then by deadline and amount; with message drafts.

    Needs order and refund reports only and takes seconds, so that it can run every hour. Deadlines are the files' own.
    """
    import psutil

    from aftersales_app.today.handout import chat_lines, write_handout
    from aftersales_app.today.queue import contact_queue
    from aftersales_app.today.terminal import LOG_WIDTH, show

    with _err.status(f"looking at {shop}") as status:
        queue = contact_queue(
            shop, at=now or at, with_import=not no_import, language=language, config=config,
            started=psutil.Process().create_time(), progress=lambda m: status.update(escape(m)),
        )  # fmt: skip
    if csv is not None:
        rows = write_handout(queue, csv)
        _err.print(escape(queue.say("today.head.handed_out", file=csv.name, rows=rows)))
    if chat:
        sys.stdout.write(printable(chat_lines(queue, limit=limit)))
        return
    console = screen(width=None if sys.stdout.isatty() else LOG_WIDTH, soft_wrap=False)
    show(queue, console, limit=limit, drafts=drafts)


@app.command()
def weekly(
    shop: Annotated[
        list[str] | None, typer.Option("--shop", help="Only this shop; may be given several times.")
    ] = None,
    week: Annotated[
        str | None, typer.Option(help="The week, like 2026-W46; without it each shop's last whole week.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Reports at once; 0: one a core, or all a cluster can take.", min=0)] = 0,
    engine: Annotated[
        str, typer.Option(help="in-process (fast) or kernel (one Jupyter kernel a notebook).")
    ] = "in-process",
    on: Annotated[str, typer.Option(help="local (this machine) or dask (a Dask cluster).")] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="The Dask scheduler, like tcp://10.0.0.5:8786, else AFTERSALES_SCHEDULER; without one a cluster of "
            "processes is started here."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Skip reports that are done already.")] = False,
    no_import: Annotated[bool, typer.Option("--no-import", help="Do not look for new export files.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Repeat the report from the store as it was on this day.")] = None,
    now: Now = None,
    time_limit: Annotated[
        int | None,
        typer.Option(
            help="Seconds after which a report is stopped; without it 600, and 180 more for each million order lines.",
            min=1,
            show_default=False,
        ),
    ] = None,
    memory_limit: Annotated[int, typer.Option(help="Megabytes above which a report is stopped.", min=100)] = 6144,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", help="A notebook parameter, name=value or 05-problem-products.top=8.")
    ] = None,
    config: Config = None,
) -> None:
    """Import what is new, run every notebook for every shop, write pages and findings."""
    from aftersales.sources.settings import load_settings
    from aftersales_app.reports.weekly import run_weekly

    outcome = run_weekly(
        load_settings(config), shops=shop or (), week=week, workers=jobs, engine=engine, on=on, scheduler=scheduler,
        resume=resume, with_import=not no_import, as_of=_day(as_of), now=_moment(now), time_limit_seconds=time_limit,
        memory_limit_mb=memory_limit,
        parameters=parameter or (), console=_err,
    )  # fmt: skip
    for line in outcome.lines:
        _out.print(escape(line))
    raise typer.Exit(outcome.exit_code)


@app.command()
def mail(
    week: Annotated[
        str | None, typer.Option(help="The week, like 2026-W46; without it the latest whole week of the shops.")
    ] = None,
    shop: Annotated[
        list[str] | None, typer.Option("--shop", help="Only this shop; may be given several times.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the mails as .eml files and send nothing.")] = False,
    in_doubt: Annotated[
        str,
        typer.Option(help="What may have arrived: ask (name it), send (again) or sent (it has)."),
    ] = "ask",
    resend: Annotated[
        list[str] | None,
        typer.Option(help="Send the week once more to this manager (or all); may be given several times."),
    ] = None,
    now: Now = None,
    config: Config = None,
) -> None:
    """Send each manager the week's mail, once; notify the analysts where there is none.

    Who gets it stands in shops.toml: each shop's managers and analysts, and the
    server in the part mail. The password comes from the environment variable
    AFTERSALES_MAIL_PASSWORD, a company's own certificate authority (a file) from
    AFTERSALES_MAIL_CA.

    A second run sends only what is still missing: passing faults are tried again
    for a quarter of an hour, refusals are not. Look first with --dry-run: it
    writes what would be sent into the folder _mail of the reports.
    """
    from aftersales.sources.settings import load_settings
    from aftersales_app.mail.mailing import run_mail

    outcome = run_mail(
        load_settings(config), moment=datetime.now(UTC), now=_moment(now), week=week, shops=shop or (),
        dry_run=dry_run, in_doubt=in_doubt, resend=resend or (), tell=lambda line: _out.print(escape(line)),
    )  # fmt: skip
    raise typer.Exit(outcome.exit_code)


@app.command()
def decide(
    shop: ShopName,
    suggestion: Annotated[
        str,
        typer.Argument(
            help="The suggestion's id, as the page shows it; with --withdraw a decision's.", show_default=False
        ),
    ],
    owner: Annotated[str, typer.Option(help="Who is responsible.", show_default=False)],
    start: Annotated[str, typer.Option("--from", help="The day it takes effect, like 2026-11-30.", show_default=False)],
    measure: Annotated[str | None, typer.Option(help="What it will be judged by; else the suggestion's own.")] = None,
    change: Annotated[bool, typer.Option("--change", help="Replace what was entered for it before.")] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take an earlier decision back; judged by that one's measure.")
    ] = False,
    config: Config = None,
) -> None:
    """Enter a decision into the ledger: owner, date, scope, and a measure fixed beforehand."""
    from aftersales_app.deciding import decided, withdrawn

    day = _day(start)
    assert day is not None
    who: dict[str, Any] = {"owner": owner, "effective_from": day, "change": change, "config": config}
    lines = withdrawn(shop, suggestion, **who) if withdraw else decided(shop, suggestion, measure=measure, **who)
    for line in lines:
        _out.print(escape(line))


@app.command()
def case(
    shop: ShopName,
    case_id: Annotated[
        str | None,
        typer.Argument(
            help="Without it every open case is listed, the soonest deadline first. "
            "The case's id from the pages (suspect-1a2b3c4d, complaint-…), or the number of an order, a complaint "
            "or a refund; order-NUMBER means that order alone, whatever case it is in.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Write the dossiers of all open cases, and one zip of them.")
    ] = False,
    state: Annotated[
        str | None,
        typer.Option(
            help="Record that the case is now contacted, settled, filed, won, partly_won, lost, appealed, innocent or "
            "dropped; new opens it again. innocent puts its buyers on the shop's allow-list.",
            show_default=False,
        ),
    ] = None,
    note: Annotated[str | None, typer.Option(help="What was said, agreed or decided.", show_default=False)] = None,
    by: Annotated[str | None, typer.Option(help="Who records it.", show_default=False)] = None,
    at: Annotated[
        str | None, typer.Option(help="When it happened, like 2026-11-20 14:30; now without it.", show_default=False)
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="zh or en; the shop's first without it.", show_default=False)
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Folder for the dossier; without it reports/SHOP/cases.", show_default=False),
    ] = None,
    config: Config = None,
) -> None:
    """List open cases, write the dossier of one or of --all, or record how a case went with --state.

    Two copies are written from the same data, each as a page made for A4 and as a zip that `aftersales verify` checks:
    one for the platform (facts, the order's own buyer, the evidence files), one for the shop (doubts and weaknesses,
    nobody's clear name).
    """
    lines: Iterable[str]
    if case_id is None or every:
        from aftersales_app.cases.open_cases import listed_cases

        if case_id or state or note or by or at:
            raise QuestionError(
                "Which case is meant?", hint="name one case for its dossier or state, or give --all alone"
            )
        lines = listed_cases(shop, write=every, language=language or "", to=to, config=config)
    elif state is None:
        from aftersales_app.cases.writing import written

        if note or by or at:
            raise QuestionError("A note, a name or a time belongs to a state", hint="add --state, like --state filed")
        lines = written(shop, case_id, language=language or "", to=to, config=config)
    else:
        from aftersales_app.cases.recording import recorded

        lines = recorded(shop, case_id, state=state, note=note, by=by, at=at, config=config)
    for line in lines:
        _out.print(escape(line))


@app.command()
def train(
    file: Annotated[
        Path | None,
        typer.Argument(help="A CSV with a column of texts and one of causes (text, cause).", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Keep the model even where words alone do better.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the trained model.")] = False,
    language: Annotated[str | None, typer.Option(help="zh or en; without it the first shop's first.")] = None,
    config: Config = None,
) -> None:
    """Train the text model that finds the causes of complaints, and report its accuracy on held-out texts.

    Causes are the 18 reason groups: no_reason, wrong_order, late_ship, damaged, quality, size …
    """
    from aftersales.words.language import LANGUAGES
    from aftersales_app.training import forgotten, trained

    if language is not None and language not in LANGUAGES:
        raise QuestionError(f"There is no language '{language}'", found=", ".join(LANGUAGES))
    if forget:
        lines = forgotten(language=language, config=config)  # type: ignore[arg-type]
    elif file is None:
        raise QuestionError("Which file holds the labelled texts?", hint="aftersales train FILE")
    else:
        with _err.status("training"):
            lines = trained(file, force=force, language=language, config=config)  # type: ignore[arg-type]
    for line in lines:
        _out.print(escape(line))


@app.command()
def verify(
    dossier: Annotated[Path, typer.Argument(help="The zip that `aftersales case` wrote.", show_default=False)],
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
) -> None:
    """Check that every file of a dossier is what it was when it was packed."""
    from aftersales.words.language import LANGUAGES
    from aftersales_app.cases.verify import verified

    if language not in LANGUAGES:
        raise QuestionError(f"There is no language '{language}'", found=", ".join(LANGUAGES))
    lines, all_well = verified(dossier, language="en" if language == "en" else "zh")
    for line in lines:
        _out.print(escape(line))
    raise typer.Exit(0 if all_well else 1)


@app.command()
def erase(
    shop: ShopName,
    order: Annotated[
        list[str] | None, typer.Option("--order", help="An order of the buyer; may be given several times.")
    ] = None,
    buyer: Annotated[str | None, typer.Option(help="The buyer's name, as the export files write it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Really erase; without it the data are only listed.")] = False,
    config: Config = None,
) -> None:
    """Erase one buyer's data on request, with all older versions; say which rows of the export files remain."""
    from aftersales.sources.settings import load_settings
    from aftersales_app.erasure import run_erase

    for line in run_erase(load_settings(config), shop, orders=order or (), buyer=buyer, sure=yes):
        _out.print(escape(line))


@app.command()
def tidy(config: Config = None) -> None:
    """Remove old versions and reports older than the part keep of shops.toml says; the weekly run does so too."""
    from aftersales.sources.settings import load_settings
    from aftersales.words.language import say
    from aftersales_app.reports.tidying import run_tidy

    settings = load_settings(config)
    keep = settings.keep
    nothing = say("tidy.nothing", settings.shops[0].language[0], days=keep.as_of_days, weeks=keep.report_weeks)
    went, failed = run_tidy(settings, settings.shops)
    for line in [*went, *failed] or [nothing]:
        _out.print(escape(line))
    raise typer.Exit(1 if failed else 0)


@app.command()
def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Read every file of every kept commit again.")] = False,
    config: Config = None,
) -> None:
    """Check configuration, folders, key, disk, mail and every shop's store; exit code 1 where something is wrong."""
    from aftersales.sources.settings import load_settings
    from aftersales_app.doctor import examined

    lines, all_well = examined(load_settings(config), deep=deep)
    for line in lines:
        _out.print(escape(line))
    raise typer.Exit(0 if all_well else 1)


def _speaks_chinese() -> bool:
    """Whether the environment asks for Chinese: the first of LC_ALL, LC_MESSAGES and LANG that is set decides."""
    return next((v for v in map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG")) if v), "").startswith("zh")


def chinese(program: typer.Typer) -> Any:
    """The command of ``program`` with its help in Chinese (`help.toml`)."""
    from typer import rich_utils

    words = tomllib.loads(files("aftersales_app").joinpath("help.toml").read_text("utf-8"))
    command: Any = typer.main.get_command(program)
    for name, one in {"program": command, **command.commands}.items():
        said = words["common"] | words.get(name, {})
        one.help, one.short_help, one.epilog = said.get("help", one.help), None, said.get("epilog", one.epilog)
        for parameter in one.params:
            parameter.help = said.get(parameter.name, parameter.help)
    rich_utils.ARGUMENTS_PANEL_TITLE, rich_utils.OPTIONS_PANEL_TITLE = "参数", "选项"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    return command


def main() -> None:
    """Run the program; what goes wrong is one sentence, never a traceback."""
    os.umask(os.umask(0o077) | 0o002)  # whatever the caller's: nothing that is written may be changed by everybody
    try:
        with native_noise_kept(), panics_as_errors():
            (chinese if _speaks_chinese() else typer.main.get_command)(app)()
    except AftersalesError as error:
        from aftersales.sources.masking import masked

        _err.print(f"[bold]aftersales:[/bold] {escape(masked(_in_words(str(error))))}")
        sys.exit(2)
    except KeyboardInterrupt:
        _err.print("stopped")
        sys.exit(130)
    except Exception as error:  # whatever it was, a shopkeeper gets a sentence and we get the trace
        if (known := of_the_machine(error) or of_a_path(error, sys.argv[1:])) is not None:
            _err.print(f"[bold]aftersales:[/bold] {escape(_in_words(str(known)))}")
            sys.exit(2)
        from aftersales.sources.masking import masked_error

        said = masked_error((str(error).strip() or type(error).__name__).splitlines()[0][:300])
        _err.print(f"[bold]aftersales:[/bold] {escape(_in_words(f'an unexpected error occurred: {said}'))}")
        where = f"the details are in {_written_down()}; please send them along when you ask for help"
        _err.print(escape(_in_words(where)))
        sys.exit(3)


def _in_words(error: str) -> str:
    """An error's sentence, in Chinese where the environment or the shop that is named, else the first, speaks it."""
    return error_in(error, "zh" if _speaks_chinese() or _shop_speaks_chinese() else "en")


def _shop_speaks_chinese() -> bool:
    from aftersales.sources.settings import load_settings

    given = dict(zip(sys.argv, sys.argv[1:], strict=False))
    try:
        shops = load_settings(given.get("--config")).shops
        return next((shop for shop in shops if shop.id in sys.argv), shops[0]).language[0] == "zh"
    except Exception:  # an error is being told already, perhaps of the settings: no second one on top of it
        return False


def _written_down() -> str:
    from aftersales.sources.masking import masked_error

    with tempfile.NamedTemporaryFile("w", prefix="aftersales-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write(masked_error(traceback.format_exc()))
    return file.name


if __name__ == "__main__":
    main()
