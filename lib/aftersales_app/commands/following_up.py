"""What people do about it: decide, case, verify."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from aftersales.words.errors import UsageError
from aftersales_app.commands.program import Config, ShopName, app, day_of, stdout

if TYPE_CHECKING:
    pass


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

    effective = day_of(start)
    assert effective is not None
    who: dict[str, Any] = {"owner": owner, "effective_from": effective, "change": change, "config": config}
    lines = withdrawn(shop, suggestion, **who) if withdraw else decided(shop, suggestion, measure=measure, **who)
    for line in lines:
        stdout.print(escape(line))


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
            raise UsageError("Which case is meant?", hint="name one case for its dossier or state, or give --all alone")
        lines = listed_cases(shop, write=every, language=language or "", to=to, config=config)
    elif state is None:
        from aftersales_app.cases.writing import written

        if note or by or at:
            raise UsageError("A note, a name or a time belongs to a state", hint="add --state, like --state filed")
        lines = written(shop, case_id, language=language or "", to=to, config=config)
    else:
        from aftersales_app.cases.recording import recorded

        lines = recorded(shop, case_id, state=state, note=note, by=by, at=at, config=config)
    for line in lines:
        stdout.print(escape(line))


@app.command()
def verify(
    dossier: Annotated[Path, typer.Argument(help="The zip that `aftersales case` wrote.", show_default=False)],
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
) -> None:
    """Check that every file of a dossier is what it was when it was packed."""
    from aftersales.words.language import LANGUAGES
    from aftersales_app.cases.verify import verified

    if language not in LANGUAGES:
        raise UsageError(f"There is no language '{language}'", found=", ".join(LANGUAGES))
    lines, all_well = verified(dossier, language="en" if language == "en" else "zh")
    for line in lines:
        stdout.print(escape(line))
    raise typer.Exit(0 if all_well else 1)
