"""The build step that pyproject.toml cannot express: the wheel carries the notebooks and the demo's shops.toml.

Both stand at the top level of the project, outside the package; an editable install reads them there.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithNotebooks(build_py):
    """`build_py`, and the files of the top level that the program needs, as ``aftersales_app/shipped/``."""

    def run(self) -> None:
        """Build as ever, then copy what lies outside the package into it."""
        super().run()
        if self.editable_mode:
            return
        root = Path(__file__).parent
        target = Path(self.build_lib) / "aftersales_app" / "shipped"
        for file in [root / "shops.toml", *sorted((root / "notebooks").glob("[0-9][0-9]-*.ipynb"))]:
            copy = target / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(file), str(copy))


setup(cmdclass={"build_py": BuildWithNotebooks})
