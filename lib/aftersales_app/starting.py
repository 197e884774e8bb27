"""Where one starts: the shops.toml and folders of `aftersales init` and `demo`, the notebooks that `lab` opens."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from shlex import quote

from aftersales.sources.settings import DEFAULT_NAME, Shop, find_config
from aftersales.words.errors import SetupError
from aftersales.words.language import Language, say

_TEMPLATE = """\
# aftersales: which shops there are, and where their files lie. Relative paths are relative to this file.

[store]
path = "data/store"          # a folder, or a URL of object storage such as s3://bucket/store

[reports]
path = "reports"

# [keep]                     # what was before goes after a while: `aftersales tidy`, and every weekly run
# as_of_days = 400           # any day so far back can be repeated with --as-of
# report_weeks = 106         # reports stay two years

# [mail]                     # the password comes from the environment: AFTERSALES_MAIL_PASSWORD
# host = "smtp.example.com"
# port = 587                 # 465 with tls = "tls"
# tls = "starttls"           # or "tls"; "none" only inside your own house
# user = "reports@example.com"
# sender = "reports@example.com"         # where it is another than user
# report_link = "https://…/reports"      # the address under which the reports folder is served
# attach = "none"            # or "html", "zip": the report goes with each mail
# allow = ["@example.com"]   # nobody else is ever written to
# pause = false              # true holds every mail back
# languages = {{ "boss@example.com" = "en" }}   # who reads another language than the shop's first

[[shops]]
id = "{shop_id}"             # used in paths: lower-case letters, digits, - and _
name = "{shop_name}"         # as the export files write it: another shop's files are refused
platform = "taobao"
language = "zh"              # of the pages; or both: ["zh", "en"], the first is index.html
exports = "data/{shop_id}"   # put the files you download from 千牛 here
# layouts = ["my-layout.toml"]       # for files in a format of your own
# zone = "Asia/Shanghai"
# currency = "CNY"
# managers = ["boss@example.com"]
# analysts = ["analyst@example.com"] # they, not the managers, hear of failures

[shops.costs]                # what one refund really costs
freight_out = 6.0            # freight to the buyer
freight_back = 8.0           # freight back, where the shop pays it
handling = 3.0               # unpacking, checking, repacking
share_not_resold = 0.2       # share of the goods' value that cannot be sold again

[shops.people]               # who looks after what, so that suggestions have an owner
# quality = "…"
# warehouse = "…"
# service = "…"
# sales = "…"

# [shops.notebooks.05-problem-products]   # parameters of a page, as its notebook's first cell lists them
# top = 40
"""


def _template(language: Language) -> str:
    """The template with its comments in that language."""
    if language == "en":
        return _TEMPLATE
    said = tomllib.loads(files("aftersales_app").joinpath("help.toml").read_text("utf-8"))["init"]["comments"]
    lines = (line.rpartition("# ") for line in _TEMPLATE.split("\n"))
    return "\n".join(f"{key}{mark}{said.get(comment, comment)}" for key, mark, comment in lines)


def start(folder: Path, *, shop_id: str, shop_name: str, language: Language = "en") -> list[str]:
    """Write shops.toml and the folders into ``folder``; lines that say what was done and what comes next.

    Nothing that exists is overwritten: an existing shops.toml is a `SetupError`.
    """
    file = folder / DEFAULT_NAME
    if file.exists():
        raise SetupError(f"{file} exists already", hint="edit it, or name another folder")
    try:
        Shop(id=shop_id, name=shop_name, exports="data")
    except ValueError:
        raise SetupError(
            f"'{shop_id}' cannot be a shop's id", hint="use lower-case letters, digits, - and _, such as 'my-shop'"
        ) from None
    exports = folder / "data" / shop_id
    for path in (exports, folder / "reports"):
        path.mkdir(parents=True, exist_ok=True)
    name = shop_name.replace("\\", "\\\\").replace('"', '\\"')
    file.write_text(_template(language).format(shop_id=shop_id, shop_name=name), "utf-8")
    command = f"aftersales weekly --config {quote(str(file))}"
    return [
        say("reading.started.wrote", language, file=str(file)),
        say("reading.started.put", language, folder=str(exports)),
        say("reading.started.then", language, command=command),
    ]


def shipped(name: str) -> Path:
    """A file or folder of the project's top level that the program needs: from the wheel, else from the checkout."""
    package = Path(str(files("aftersales_app")))
    inside = package / "shipped" / name
    return inside if inside.exists() else package.parents[1] / name


def start_demo(exports: Path, *, language: Language = "en") -> list[str]:
    """Write the demo shops' shops.toml here, unless a shops.toml is in use; lines that say what comes next.

    ``exports`` is the folder that holds the demo's export files.
    """
    said = [say("reading.started.demo", language, folder=str(exports))]
    try:
        file = find_config()
    except SetupError:
        file = Path(DEFAULT_NAME).absolute()
        below = Path(os.path.relpath(exports, file.parent)).as_posix() if file.drive == exports.drive else str(exports)
        text = shipped(DEFAULT_NAME).read_text("utf-8").split("\n", 1)[1]
        for line in [one for one in text.splitlines() if one.startswith("exports")]:
            value = tomllib.loads(line)["exports"].replace("data/demo", below, 1)
            text = text.replace(line, f"exports = {json.dumps(value, ensure_ascii=False)}")
        file.write_text(text, "utf-8")
        said.append(say("reading.started.wrote", language, file=str(file)))
        said.append(say("reading.started.then", language, command="aftersales weekly"))
    return said


def lab_notebooks(config: str | Path | None = None) -> Path:
    """The folder of notebooks to open in JupyterLab: that beside shops.toml, else a copy of ours in ``lab/`` there.

    Copies are the analyst's own: what is there stays as it is. Raises `SetupError` where JupyterLab is missing.
    """
    if find_spec("jupyterlab") is None:
        raise SetupError(
            "JupyterLab is not installed beside aftersales",
            hint="pip install 'aftersales[lab]' in the same environment; in a checkout run `make lab`",
        )
    folder = find_config(config).parent
    if any((folder / "notebooks").glob("[0-9][0-9]-*.ipynb")):
        return folder / "notebooks"
    for book in sorted(shipped("notebooks").glob("[0-9][0-9]-*.ipynb")):
        if not (copy := folder / "lab" / book.name).exists():
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(book, copy)
    return folder / "lab"
