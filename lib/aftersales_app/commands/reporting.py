"""The week and the day: status, today, weekly, mail."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from aftersales_app.commands.program import Config, Now, ShopName, app, day_of, moment_of, stderr, stdout
from aftersales_app.terminal import printable, screen

if TYPE_CHECKING:
    pass


@app.command()
def status(now: Now = None, config: Config = None) -> None:
    """Shops, what files and days are there or missing, last runs, what is due."""
    from aftersales.sources.settings import load_settings
    from aftersales_app.status import status_lines

    unreadable: list[str] = []
    for line in status_lines(load_settings(config), unreadable, now=moment_of(now)):
        stdout.print(escape(line))
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

    with stderr.status(f"looking at {shop}") as status:
        queue = contact_queue(
            shop,
            at=now or at,
            with_import=not no_import,
            language=language,
            config=config,
            started=psutil.Process().create_time(),
            progress=lambda m: status.update(escape(m)),
        )
    if csv is not None:
        rows = write_handout(queue, csv)
        stderr.print(escape(queue.say("today.head.handed_out", file=csv.name, rows=rows)))
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
        load_settings(config),
        shops=shop or (),
        week=week,
        workers=jobs,
        engine=engine,
        on=on,
        scheduler=scheduler,
        resume=resume,
        with_import=not no_import,
        as_of=day_of(as_of),
        now=moment_of(now),
        time_limit_seconds=time_limit,
        memory_limit_mb=memory_limit,
        parameters=parameter or (),
        console=stderr,
    )
    for line in outcome.lines:
        stdout.print(escape(line))
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
        load_settings(config),
        moment=datetime.now(UTC),
        now=moment_of(now),
        week=week,
        shops=shop or (),
        dry_run=dry_run,
        in_doubt=in_doubt,
        resend=resend or (),
        tell=lambda line: stdout.print(escape(line)),
    )
    raise typer.Exit(outcome.exit_code)
