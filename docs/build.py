"""Builds the documentation, without the network: ``build/docs/en``, ``build/docs/zh`` and the newest demo report.

    .venv/bin/python docs/build.py [FOLDER]     (`make docs`)

A warning is an error. The demo's report, its executed notebooks among it, is copied from reports/ where it is.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

HERE = Path(__file__).parent
LANGUAGES = {"en": "en", "zh": "zh_CN"}


def build(out: Path) -> int:
    """Both languages into ``out``; the number of those that failed."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "_site" / "landing.html", out / "index.html")
    demo_report(HERE.parent / "reports", out / "report")
    failed = 0
    for folder, language in LANGUAGES.items():
        given = [
            "-q",
            "-E",
            "-W",
            "--keep-going",
            "-c",
            HERE,
            "-D",
            f"language={language}",
            "-d",
            out / ".doctrees" / folder,
        ]
        failed += bool(sphinx([str(each) for each in [*given, HERE / folder, out / folder]]))
    return failed


def demo_report(reports: Path, out: Path) -> None:
    """The demo shop's newest report with its executed notebooks, and a first page that leads to it."""
    weeks = sorted(run.parent for run in reports.glob("demo/20*-W*/run.json"))
    text = "There was no demo report when these pages were built: run `make weekly`, then `make docs`."
    if weeks:
        shutil.copytree(reports / "_assets", out / "_assets", dirs_exist_ok=True)
        place = out / "demo" / weeks[-1].name
        shutil.copytree(weeks[-1], place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.eml", "*.txt"))
        books = sorted(p.relative_to(out).as_posix() for p in place.glob("notebooks/*.ipynb"))
        page = place.relative_to(out) / "index.html"
        links = [page.as_posix(), *books]
        text = "".join(f'<li><a href="{link}">{link.rpartition("/")[2]}</a></li>' for link in links)
        text = f'<meta http-equiv="refresh" content="0; url={page.as_posix()}"><ul>{text}</ul>'
    out.mkdir(parents=True, exist_ok=True)
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Demo report</title>'
    (out / "index.html").write_text(f"{head}{text}\n", "utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "build" / "docs"
    failures = build(target)
    print(target / "index.html")
    sys.exit(bool(failures))
