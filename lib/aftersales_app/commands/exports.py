"""From nothing to a filled store: init, demo, lab, import, layout, kinds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from aftersales.words.errors import AftersalesError, UsageError, error_in
from aftersales_app.commands.program import Config, Now, ShopName, app, moment_of, speaks_chinese, stderr, stdout

if TYPE_CHECKING:
    from aftersales.words.language import Language


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where shops.toml and the folders go.")] = Path(),
    shop: Annotated[str, typer.Option(help="The first shop's id: lower-case letters, digits, - and _.")] = "myshop",
    name: Annotated[str, typer.Option(help="Its name, as the export files write it.")] = "我的店铺",
) -> None:
    """Write a commented shops.toml and the folders, without asking anything that can be inferred."""
    from aftersales_app.starting import start

    for line in start(folder, shop_id=shop, shop_name=name, language="zh" if speaks_chinese() else "en"):
        stdout.print(escape(line))


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
    for line in start_demo(folder, language="zh" if speaks_chinese() else "en"):
        stdout.print(escape(line))


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
        raise UsageError("--undo and --withdraw stand alone: they take one shop, no files and nothing new")
    if import_id is not None and not undo:
        raise UsageError("--id names the import that --undo takes back", hint="add --undo")
    shops = list(settings.shops) if new and not shop else [shop_or_only(settings, shop)]
    failed = False
    for one in shops:
        spoken: Language = "zh" if speaks_chinese() else one.language[0]
        if dry_run:
            from aftersales.sources.preview import dry_run_lines

            unreadable: list[str] = []
            stdout.print(escape("\n".join(dry_run_lines(settings, one, [str(f) for f in files or ()], unreadable))))
            failed = failed or bool(unreadable)
            continue
        try:
            if withdraw:
                _, rows = withdraw_rows(settings, one, withdraw)
                said = say("reading.withdrawn", spoken, count=rows, file=withdraw)
                stdout.print(escape(f"{one.id}: {said}"))
                continue
            if undo:
                commit = undo_import(settings, one, import_id=import_id)
                stdout.print(escape(f"{one.id}: {say('reading.undone', spoken, action=commit.action)}"))
                stdout.print(say("reading.undone_files", spoken))
                continue
            with stderr.status(f"importing {one.id}") as status:
                account = import_files(
                    settings,
                    one,
                    [str(f) for f in files or ()],
                    confirm=confirm or (),
                    now=moment_of(now),
                    progress=lambda m: status.update(escape(m)),
                )
        except AftersalesError as error:
            if len(shops) == 1:
                raise
            stdout.print(escape(f"{one.id}: {error_in(str(error), spoken)}"))  # the other shops go on
            failed = True
            continue
        stdout.print(escape("\n".join(f"{one.id}: {line}" for line in account.lines(spoken))))
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
        raise UsageError(f"There is no language '{language}'", found=", ".join(LANGUAGES))

    def ask(field: str, columns: list[str]) -> str | None:
        stderr.print(escape(" | ".join(columns)), highlight=False)
        said = typer.prompt(f"{field}: which column? (Enter: none)", default="", show_default=False, err=True)
        return said if said in columns else None

    toml, lines = drafted_lines(file, zone=zone, language=language, ask=None if yes else ask)
    if out:
        out.write_text(toml, "utf-8")
    else:
        stdout.print(escape(toml), highlight=False, soft_wrap=True)
    stderr.print(escape("\n".join(lines)), highlight=False, soft_wrap=True)


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
        stdout.print(escape(table), highlight=False, soft_wrap=True)
    stderr.print(escape("\n".join(lines)), highlight=False, soft_wrap=True)
