"""RecordWriter the installation well: train, erase, tidy, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from aftersales.words.errors import UsageError
from aftersales_app.commands.program import Config, ShopName, app, stderr, stdout

if TYPE_CHECKING:
    pass


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
        raise UsageError(f"There is no language '{language}'", found=", ".join(LANGUAGES))
    if forget:
        lines = forgotten(language=language, config=config)  # type: ignore[arg-type]
    elif file is None:
        raise UsageError("Which file holds the labelled texts?", hint="aftersales train FILE")
    else:
        with stderr.status("training"):
            lines = trained(file, force=force, language=language, config=config)  # type: ignore[arg-type]
    for line in lines:
        stdout.print(escape(line))


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
        stdout.print(escape(line))


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
        stdout.print(escape(line))
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
        stdout.print(escape(line))
    raise typer.Exit(0 if all_well else 1)
