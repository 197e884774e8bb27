"""Writes environment.yml, for conda users, from pyproject.toml. Run by `make lock`; a test holds the two together."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What conda-forge surely carries under the same name; pip brings the rest with the project itself.
CONDA = {
    "babel", "hypothesis", "ipykernel", "jinja2", "jupyterlab", "nbconvert", "nbval", "numpy", "papermill", "plotly",
    "polars", "psutil", "pydantic", "pytest", "rich", "scikit-learn", "scipy", "typer",
}  # fmt: skip


def environment() -> str:
    """The text of environment.yml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["lab"], *extras["test"]]
    conda = sorted(w for w in wanted if w.split(">=")[0] in CONDA)
    lines = [
        "# For conda users; made from pyproject.toml by `make lock`. Everybody else: `make weekly`.",
        f"name: {project['name']}",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python{project['requires-python']}",
        "  - pip",
        *(f"  - {c}" for c in conda),
        "  - pip:",
        '      - -e ".[docs,lab,test]"',
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(environment(), "utf-8")
