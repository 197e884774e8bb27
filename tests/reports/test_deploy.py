"""The files in deploy/: each is parsed by what would read it, or really run; every command in them is one we take."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from croniter import croniter
from toy_notebooks import CHART, toy

from aftersales_app.cli import app

PROGRAM = "/opt/aftersales/.venv/bin/"
UNITS = ("aftersales-weekly.service", "aftersales-weekly.timer", "aftersales-dask-scheduler.service",
         "aftersales-dask-worker.service")  # fmt: skip


def commands(text: str) -> list[list[str]]:
    """Every call of the program in a text of shell commands, as words after its name."""
    calls = re.findall(rf"{PROGRAM}aftersales\s+([^;&|\"\n]+)", text)
    return [shlex.split(call) for call in calls]


def taken(words: list[str]) -> str:
    """The verb, if the program would take these words; nothing is run."""
    name, *rest = words
    typer.main.get_command(app).commands[name].make_context(name, rest)
    return name


def test_a_word_the_program_does_not_take_would_be_found():
    assert taken(["weekly", "--resume"]) == "weekly"
    with pytest.raises(Exception, match="No such option"):
        taken(["weekly", "--resumee"])


def test_the_crontab(root):
    lines = [
        line for line in (root / "deploy/cron/aftersales.crontab").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]  # fmt: skip
    jobs = [line for line in lines if not re.match(r"^\w+=", line)]
    assert [taken(words) for line in jobs for words in commands(line)] == ["weekly", "mail", "today"]
    assert not [line for line in jobs if "%" in line], "cron makes a line's end of it"
    saturday = datetime(2026, 11, 21, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    first = [croniter(" ".join(line.split()[:5]), saturday).get_next(datetime) for line in jobs]
    assert [f"{day:%a %H:%M}" for day in first] == ["Mon 06:30", "Sat 14:00"]


@pytest.mark.parametrize("unit", UNITS)
def test_the_systemd_units(root, tmp_path, unit):
    text = (root / "deploy" / "systemd" / unit).read_text("utf-8")
    parts = configparser.ConfigParser(strict=False, interpolation=None)
    parts.read_string(text)
    assert "Unit" in parts
    assert all(taken(words) in ("weekly", "mail") for words in commands(text))
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here: only parsed")
    for name in UNITS:  # together, as the timer names the service
        here = f"{Path(sys.executable).parent}/".replace("%", "%%").replace(" ", r"\x20")
        whole = (root / "deploy" / "systemd" / name).read_text("utf-8").replace(PROGRAM, here)
        (tmp_path / name).write_text(whole, "utf-8")
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)], capture_output=True, text=True, check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    ours = [line for line in run.stderr.splitlines() if unit.split(".")[0] in line]
    assert (run.returncode, ours) == (0, []), run.stderr


def test_the_timer_means_monday_morning_in_the_shops_zone(root):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    text = (root / "deploy/systemd/aftersales-weekly.timer").read_text("utf-8")
    when = re.search(r"^OnCalendar=(.+)$", text, re.MULTILINE)[1]
    run = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, text=True, check=True)
    assert "Mon *-*-* 06:30:00 Asia/Shanghai" in run.stdout


def test_the_airflow_dag(root):
    """Read as Python reads it. Airflow itself, some hundred packages, is not brought in for one file of twenty lines."""
    tree = ast.parse((root / "deploy/airflow/aftersales_weekly.py").read_text("utf-8"))
    compile(tree, "aftersales_weekly.py", "exec")
    [program] = [n.value.value for n in tree.body if isinstance(n, ast.Assign) and n.targets[0].id == "PROGRAM"]
    [dag] = [n for n in tree.body if isinstance(n, ast.With)]
    given = {k.arg: k.value for k in dag.items[0].context_expr.keywords}
    assert croniter.is_valid(ast.literal_eval(given["schedule"]))
    assert ast.literal_eval(given["catchup"]) is False
    tasks = {}
    for node in dag.body:
        if isinstance(node, ast.Assign):
            words = {k.arg: k.value for k in node.value.keywords}
            command = words["bash_command"]
            assert command.left.id == "PROGRAM"
            tasks[ast.literal_eval(words["task_id"])] = (node.targets[0].id, program + command.right.value, words)
    assert {task: [taken(w) for w in commands(line)] for task, (_, line, _) in tasks.items()} == {
        "weekly": ["weekly"], "mail": ["mail"],
    }  # fmt: skip
    assert ast.literal_eval(tasks["mail"][2]["trigger_rule"]) == "all_done"
    order = dag.body[-1].value
    assert (order.left.id, type(order.op), order.right.id) == (tasks["weekly"][0], ast.RShift, tasks["mail"][0])
    for name, (_, line, _) in tasks.items():
        assert subprocess.run(["bash", "-n", "-c", line], check=False).returncode == 0, name


@pytest.mark.slow
@pytest.mark.cluster
def test_the_script_of_the_dask_cluster_really_runs(root, tmp_path):
    head = "订单编号,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间 ,店铺名称,退款金额\n"
    rows = "".join(
        f'="35153130000000{n:05d}",10.00,10.00,交易成功,2026-10-{1 + n % 25:02d} 10:00:00,2026-10-{1 + n % 25:02d} 10:01:00,a店,0.00\n'
        for n in range(50)
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ExportOrderList.csv").write_bytes((head + rows).encode("gb18030"))
    toy(tmp_path / "notebooks", "02-weekly-overview", CHART)
    config = tmp_path / "shops.toml"
    config.write_text('[[shops]]\nid = "a"\nname = "a店"\nexports = "in"\nlanguage = "en"\n', "utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {**os.environ, "BIN": str(Path(sys.executable).parent), "PORT": str(port), "WORKERS": "1"}
    script = root / "deploy" / "dask" / "cluster.sh"
    assert os.access(script, os.X_OK)
    done = subprocess.run(
        [script, "--config", config],
        capture_output=True,
        text=True,
        env=variables,
        check=False,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert f"Dask scheduler tcp://127.0.0.1:{port}: 1 worker\n" in done.stderr
    assert "a 2026-W43: done" in done.stderr
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the scheduler has ended"
    wrong = subprocess.run(
        [script, "--config", config, "--week", "last"], capture_output=True, text=True, env=variables, check=False,
        timeout=300, cwd=tmp_path,
    )  # fmt: skip
    assert wrong.returncode == 2, "the program's own exit code comes through"


def test_the_readmes_lead_here(root):
    for name in ("README.md", "README.zh-CN.md"):
        assert "deploy/README.md" in (root / name).read_text("utf-8")
    text = (root / "deploy" / "README.md").read_text("utf-8")
    for file in (p for p in (root / "deploy").rglob("*") if p.is_file() and p.name != "README.md"):
        relative = file.relative_to(root / "deploy").as_posix()
        assert relative.split(".")[0].rsplit("-", 1)[0] in text, relative
