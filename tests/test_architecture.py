"""The house is what ARCHITECTURE.md says: its tree, its layers, its parts, its manners."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib

import pytest

MACHINE_PATHS = re.compile(r"/(root|work|home/\w+)/")


def tracked(root):
    run = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], check=False, cwd=root, capture_output=True, text=True
    )
    if run.returncode:
        pytest.skip("not a git checkout")
    return [f for f in run.stdout.splitlines() if (root / f).is_file()]


def modules(root):
    lib = root / "lib"
    return sorted(p.relative_to(lib).as_posix() for p in lib.rglob("*.py") if p.name != "__init__.py")


def test_imports_only_point_downward(root):
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    run = subprocess.run([sys.executable, "-c", program], check=False, cwd=root, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_architecture_names_every_package_and_no_other(root):
    text = (root / "ARCHITECTURE.md").read_text("utf-8")
    assert len(text.encode()) <= 12_000, "what explains goes to docs/, what is repeated in docstrings goes"
    listed = text.split("<!-- packages", 1)[1].split("<!-- /packages -->", 1)[0]
    named = re.findall(r"^- \*\*`([\w/]+)`\*\* \S", listed, re.MULTILINE)
    packages = {"aftersales", *(module.rpartition("/")[0] for module in modules(root))}
    assert sorted(name.strip("/") for name in named) == sorted(packages)


def test_every_module_says_in_its_first_line_what_it_is(root):
    for module in modules(root):  # the map of the documentation is made of these lines
        first = (ast.get_docstring(ast.parse((root / "lib" / module).read_text("utf-8"))) or "").split("\n")
        assert first[0], module
        assert len(first) == 1 or not first[1], f"the first line of {module} is no line of its own"


def test_every_dependency_has_a_line_saying_what_it_is_for(root):
    text = (root / "ARCHITECTURE.md").read_text("utf-8").split("## Parts", 1)[1].split("\n## ", 1)[0]
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    missing = [w.split(">=")[0] for w in wanted if f"`{w.split('>=')[0]}`" not in text]
    assert not missing


def test_environment_yml_is_made_from_pyproject(root):
    sys.path.insert(0, str(root / "requirements"))
    try:
        from make_environment import environment
    finally:
        sys.path.pop(0)
    assert (root / "environment.yml").read_text("utf-8") == environment()


def test_pins_are_hashed_and_cover_what_pyproject_asks_for(root):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    of_tests = {"test": [*extras["test"], *extras["docs"]]}  # the tests build the documentation
    for name, wanted in {"run": [], "lab": extras["lab"], "dask": extras["dask"], **of_tests}.items():
        text = (root / "requirements" / f"{name}.txt").read_text("utf-8")
        pins = re.findall(r"^([\w.-]+)==\S+(?: ;[^\\]*)? \\\n    --hash=sha256:", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)), "a pin without its hash"
        for need in [*project["dependencies"], *wanted]:
            assert need.split(">=")[0] in pins, f"{need} is not pinned in {name}.txt"


def test_no_lock_file_machine_path_or_package_index_in_the_project(root):
    files = tracked(root)
    assert not {"uv.lock", "package-lock.json", "poetry.lock"} & {f.rsplit("/", 1)[-1] for f in files}
    for file in files:
        if file == "tests/test_architecture.py":
            continue
        content = (root / file).read_bytes()
        if b"\0" in content or len(content) > 2_000_000:
            continue
        text = content.decode("utf-8", "replace")
        assert not MACHINE_PATHS.search(text), f"a machine's path in {file}"
        assert not re.search(r"pypi\.org|pythonhosted|registry\.npmjs", text), f"a package index in {file}"


def test_no_file_is_longer_than_a_reader_follows(root):
    assert not [m for m in modules(root) if len((root / "lib" / m).read_text("utf-8").splitlines()) > 500]


def test_no_grab_bag_modules(root):
    banned = {"utils", "helpers", "common", "base", "core", "manager", "misc"}
    assert not [m for m in modules(root) if m.rsplit("/", 1)[-1].removesuffix(".py") in banned]


def test_public_functions_are_documented(root):
    bare = []
    for module in modules(root):
        tree = ast.parse((root / "lib" / module).read_text("utf-8"))
        if not ast.get_docstring(tree):
            bare.append(module)
        public = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")]
        inside = [m for c in public if isinstance(c, ast.ClassDef) for m in c.body if isinstance(m, ast.FunctionDef)]
        for node in [*public, *(m for m in inside if not m.name.startswith("_"))]:
            if not ast.get_docstring(node):
                bare.append(f"{module}:{node.name}")
    assert not bare


def test_measures_are_pure(root):
    for file in (root / "lib" / "aftersales" / "measures").glob("*.py"):
        text = file.read_text("utf-8")
        assert not re.search(r"import (plotly|os|pathlib|random)\b|date\.today|datetime\.now|\bopen\(", text), file.name
