"""The program that the verbs belong to: its screens, and the options that several verbs share."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from aftersales.words.errors import UsageError
from aftersales_app.terminal import screen

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Start with [bold]aftersales init[/bold], put the shop's export files into its folder, then run "
    "[bold]aftersales weekly[/bold]. To try it: [bold]aftersales demo[/bold], then [bold]aftersales weekly[/bold].",
)
stdout, stderr = screen(), screen(stderr=True)

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

        stdout.print(version("aftersales"))
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_told_version)
    ] = False,
) -> None:
    """After-sales analytics for online shops: export files in, weekly reports out."""


def day_of(text: str | None) -> date | None:
    """The day that an option names; a day written otherwise is a `UsageError`."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("A date is written like 2026-11-15", found=f"'{text}'") from None


def moment_of(text: str | None) -> datetime | None:
    """The moment that an option names, in the shop's time where it has no zone."""
    from aftersales.words.periods import moment

    return None if text is None else moment(text)


def speaks_chinese() -> bool:
    """Whether the environment asks for Chinese: the first of LC_ALL, LC_MESSAGES and LANG that is set decides."""
    return next((v for v in map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG")) if v), "").startswith("zh")
