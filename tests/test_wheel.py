"""The built wheel, in a fresh environment and an empty folder: both READMEs' first commands give a first report.

The packages it needs are those of this environment, so that nothing is downloaded.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from test_architecture import tracked

pytestmark = [pytest.mark.wheel, pytest.mark.slow]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


# where this environment's packages lie; their data (nbconvert's templates) stand beside them, below share/
BORROWED = sorted(
    {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *(p for p in sys.path if "-packages" in p)}
)


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> Path:
    """The wheel, built from what git knows, so that nothing that merely lies about can be missing elsewhere."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked(root):
        if name.split("/")[0] in {
            "lib",
            "notebooks",
            "pyproject.toml",
            "setup.py",
            "README.md",
            "LICENSE",
            "shops.toml",
        }:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, source / name)
    build = "from setuptools import build_meta as b; print(b.build_wheel('dist'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next((source / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of programs of a fresh environment with the wheel in it."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=True)
    scripts = place / SCRIPTS
    command = [scripts / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel]
    subprocess.run(command, check=True, capture_output=True)
    packages = next(place.glob("lib/python*/site-packages")) if os.name != "nt" else place / "Lib/site-packages"
    # the paths alone: what an editable install of this environment adds to them is not followed from here
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")} | {
        p for p in sys.path if "site-packages" in p
    }
    (packages / "borrowed.pth").write_text("\n".join(sorted(ours)), "utf-8")
    return scripts


def first_commands(readme: str) -> list[list[str]]:
    """The commands of the first block of a README that installs the wheel, as words, without their remarks."""
    block = next(b for b in re.findall(r"(?:^    .*\n)+", readme, re.M) if "pip install" in b)
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def test_the_wheel_brings_notebooks_templates_words_and_demo(root, wheel):
    names = zipfile.ZipFile(wheel).namelist()
    here = [p.relative_to(root / "lib").as_posix() for p in (root / "lib").rglob("*") if p.is_file()]
    assert sorted(n for n in here if "__pycache__" not in n and n not in names) == []
    shipped = {n.removeprefix("aftersales_app/shipped/") for n in names if n.startswith("aftersales_app/shipped/")}
    assert shipped == {"shops.toml", *(f"notebooks/{p.name}" for p in (root / "notebooks").glob("*.ipynb"))}


def test_two_commands_from_the_wheel_to_the_first_report(root, installed, tmp_path):
    commands = first_commands((root / "README.md").read_text("utf-8"))
    assert commands == first_commands((root / "README.zh-CN.md").read_text("utf-8"))
    install, demo, weekly = commands
    assert (install[:2], demo, weekly) == (["pip", "install"], ["aftersales", "demo"], ["aftersales", "weekly"])
    folder = tmp_path / "my shop 店"
    folder.mkdir()
    quiet = {k: v for k, v in os.environ.items() if not k.startswith(("AFTERSALES", "PYTHON"))} | {"LANG": "C.UTF-8"}
    share = [str(p / "share" / "jupyter") for path in BORROWED for p in Path(path).parents]
    quiet["JUPYTER_PATH"] = os.pathsep.join(p for p in share if Path(p).is_dir())

    def run(words: list[str], *more: str) -> subprocess.CompletedProcess:
        command = [installed / words[0], *words[1:], *more]
        return subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True, check=False)

    where = run(["python", "-c", "import aftersales; print(aftersales.__file__)"]).stdout
    assert Path(where).is_relative_to(installed.parent), f"not the wheel's: {where}"
    made = run(demo, "--orders", "500")  # the size alone is less than a reader's
    assert made.returncode == 0, made.stderr
    assert "aftersales weekly" in made.stdout
    text = (folder / "shops.toml").read_text("utf-8")
    (folder / "shops.toml").write_text(text.replace('["zh", "en"]', '"en"'), "utf-8")  # and one language instead of two
    done = run(weekly, "--shop", "basic", "--jobs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == str(folder / "reports" / "index.html")
    report = next((folder / "reports" / "basic").iterdir())
    pages = {p.name for p in report.glob("*.html")} - {"explorer.html"}
    assert len(pages) == len(list((root / "notebooks").glob("*.ipynb")))
    assert "my shop" not in (report / "index.html").read_text("utf-8"), "a page holds no path of its machine"
    missing = run(["aftersales", "lab"])
    if missing.returncode:  # where JupyterLab is borrowed with the rest it would open instead
        assert "aftersales[lab]" in missing.stderr
