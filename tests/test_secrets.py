"""Nothing gets out: planted secrets are in no file that is written and in nothing that is said, whatever goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "reports"))
sys.path.insert(0, str(Path(__file__).parent / "reports" / "mail"))
from faulty_post import Post, running
from toy_notebooks import CHART, toy

from aftersales.sources.settings import load_settings
from aftersales.words.errors import SetupError

PASSWORD, KEY, ACCESS, SECRET = "Pw-4f1cbb", "Key-77aa31-of-the-house-0123456789", "AKIA9911MARKED", "S3cr3t-d09e5c"
MARKED = (PASSWORD, KEY, ACCESS, SECRET)
SECRETS = {
    "AFTERSALES_MAIL_PASSWORD": PASSWORD, "AFTERSALES_KEY": KEY, "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET,
}  # fmt: skip
HEAD = "订单编号,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间 ,退款金额\n"
ROW = "35153130000000{n:05d},100.00,100.00,交易成功,2026-10-{day:02d} 10:00:00,2026-10-{day:02d} 10:01:00,0.00\n"
FAILING = "from aftersales.words.errors import DataError\nimport os\nlocal = dict(os.environ)\nraise RuntimeError('went wrong')"


def run(folder, *words, **variables):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AFTERSALES_", "AWS_"))} | SECRETS | variables
    done = subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", *words, "--config", str(folder / "shops.toml")],
        capture_output=True, text=True, check=False, timeout=300, cwd=folder, env=env | {"TMPDIR": str(folder / "tmp")},
    )  # fmt: skip
    return done.stdout + done.stderr


def leaks(folder, said):
    """Where a planted secret can be found; in mails base64 is read as well."""
    found = [f"said: {mark}" for mark in MARKED if mark in said]
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            found += [f"{file}: {mark}" for mark in MARKED if mark.encode() in content]
    return found


@pytest.fixture
def house(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "in" / "a.csv").write_text(HEAD + "".join(ROW.format(n=n, day=1 + n % 25) for n in range(40)), "utf-8")
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n'
        '[mail]\nhost = "127.0.0.1"\nport = PORT\ntls = "none"\nuser = "house@b.example"\n'
        '[[shops]]\nid = "one"\nname = "店"\nlanguage = "en"\nexports = "in"\nmanagers = ["m@b.example"]\nanalysts = ["a@b.example"]\n',
        "utf-8",
    )
    toy(tmp_path / "notebooks", "02-weekly-overview", CHART)
    return tmp_path


def with_port(house, port):
    text = (house / "shops.toml").read_text("utf-8")
    (house / "shops.toml").write_text(text.replace("PORT", str(port)), "utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_whole_week_with_failures_writes_and_says_no_secret(house):
    with running(Post(), password="quite another") as post:
        with_port(house, post.port)
        said = run(house, "weekly")
        assert (house / "reports" / "one" / "2026-W43" / "run.json").is_file(), said
        said += run(house, "mail", "--week", "2026-W43")
        assert "user and password" in said or "does not offer" in said, said
    toy(house / "notebooks", "02-weekly-overview", FAILING)
    said += run(house, "weekly")
    assert "went wrong" in said
    said += run(house, "weekly", "--engine", "kernel")
    said += run(house, "import", "one", AFTERSALES_KEY="Key-77aa31-another-key-0123456789")
    assert "The installation key is not the one" in said
    (house / "in" / "b.csv").mkdir()
    said += run(house, "status")
    assert leaks(house, said) == []


def test_something_unforeseen_writes_a_trace_without_secrets(house, monkeypatch):
    program = (
        "import sys, aftersales_app.cli as cli, aftersales.sources.settings as s\n"
        "def broken(path):\n    password = __import__('os').environ['AFTERSALES_MAIL_PASSWORD']\n    raise RuntimeError('unforeseen')\n"
        "s.load_settings = broken\nsys.argv = ['aftersales', 'status']\ncli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=house,
        env={**os.environ, **SECRETS, "TMPDIR": str(house / "tmp")},
    )  # fmt: skip
    assert done.returncode == 3
    assert list((house / "tmp").glob("aftersales-*.txt")), "the trace was written"
    assert leaks(house, done.stdout + done.stderr) == []
    assert tempfile.gettempdir()


@pytest.mark.parametrize(
    "line",
    [
        f'exports = "s3://user:{SECRET}@bucket/x"', f'exports = "s3://bucket/x?X-Amz-Signature={SECRET}"', f'exports = "in"\npassword = "{SECRET}"',
        f'exports = "in"\naws_secret_access_key = "{SECRET}"',
    ],
)  # fmt: skip
def test_secrets_typed_into_shops_toml_are_refused_and_not_repeated(tmp_path, line):
    (tmp_path / "shops.toml").write_text(f'[[shops]]\nid = "x"\nname = "店"\n{line}\n', "utf-8")
    with pytest.raises(SetupError, match="environment") as refused:
        load_settings(tmp_path / "shops.toml")
    assert SECRET not in str(refused.value)
    assert "shops.toml, line" in str(refused.value)


def test_a_password_under_mail_is_refused_and_not_repeated(tmp_path):
    (tmp_path / "shops.toml").write_text(
        f'[mail]\nhost = "x"\npassword = "{PASSWORD}"\n[[shops]]\nid = "x"\nname = "店"\nexports = "in"\n', "utf-8"
    )
    with pytest.raises(SetupError, match="AFTERSALES_MAIL_PASSWORD") as refused:
        load_settings(tmp_path / "shops.toml")
    assert PASSWORD not in str(refused.value)
