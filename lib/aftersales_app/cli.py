"""`aftersales`: the verbs together, their help in two languages, and every failure told as one sentence."""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
import traceback
from importlib.resources import files
from typing import Any

import typer
from rich.markup import escape

from aftersales.words.errors import AftersalesError, error_in, of_a_path, of_the_machine
from aftersales.words.panics import native_noise_kept, panics_as_errors
from aftersales_app.commands import exports, following_up, reporting, upkeep  # noqa: F401 - each adds its verbs
from aftersales_app.commands.program import app, speaks_chinese, stderr


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
            (chinese if speaks_chinese() else typer.main.get_command)(app)()
    except AftersalesError as error:
        from aftersales.sources.masking import masked

        stderr.print(f"[bold]aftersales:[/bold] {escape(masked(_in_words(str(error))))}")
        sys.exit(2)
    except KeyboardInterrupt:
        stderr.print("stopped")
        sys.exit(130)
    except Exception as error:  # whatever it was, a shopkeeper gets a sentence and we get the trace
        if (known := of_the_machine(error) or of_a_path(error, sys.argv[1:])) is not None:
            stderr.print(f"[bold]aftersales:[/bold] {escape(_in_words(str(known)))}")
            sys.exit(2)
        from aftersales.sources.masking import masked_error

        said = masked_error((str(error).strip() or type(error).__name__).splitlines()[0][:300])
        stderr.print(f"[bold]aftersales:[/bold] {escape(_in_words(f'an unexpected error occurred: {said}'))}")
        where = f"the details are in {_written_down()}; please send them along when you ask for help"
        stderr.print(escape(_in_words(where)))
        sys.exit(3)


def _in_words(error: str) -> str:
    """An error's sentence, in Chinese where the environment or the shop that is named, else the first, speaks it."""
    return error_in(error, "zh" if speaks_chinese() or _shopspeaks_chinese() else "en")


def _shopspeaks_chinese() -> bool:
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
