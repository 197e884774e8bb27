"""What several tests share: where the real data lies, and small shops."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real data in ../shared/data is not here")
    return SHARED


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small demo shop's export files and its shops.toml, imported once."""
    from aftersales.demo.write import write_demo
    from aftersales.sources.importing import import_files
    from aftersales.sources.settings import load_settings

    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder / "in", orders=6_000)
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n'
        '[[shops]]\nid = "demo"\nname = "云栖家居旗舰店"\nlanguage = ["zh", "en"]\nexports = "in/yunqi"\n'
        '[[shops]]\nid = "basic"\nname = "晴野女装店"\nlanguage = "zh"\nexports = "in/basic"\n',
        "utf-8",
    )
    settings = load_settings(folder / "shops.toml")
    for shop in settings.shops:
        account = import_files(settings, shop)
        assert not account.failed
    return folder
