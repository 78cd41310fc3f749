"""Copy the workflow and its files into the built package; all else stands in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = ("Snakefile", "workflow", "profiles", "envs", "config", "requirements.lock")
"""What an installed package needs of the source tree, as `merflow.shipped` finds it."""

OWN = ("local.yaml", "corrections", "generated", "manifests", ".lock")
"""A user's own files in these folders, where the source tree is a project. MANIFEST.in leaves the
same out of a source archive."""


class WithWorkflow(build_py):
    """The usual build, and the files of SHIPPED in the folder `merflow/shipped`."""

    def run(self) -> None:
        """Build the package."""
        super().run()
        if self.editable_mode:
            return
        root, folder = Path(__file__).parent, Path(self.build_lib, "merflow", "shipped")
        for source in (root / name for name in SHIPPED):
            if source.is_dir():
                ignored = shutil.ignore_patterns(*OWN)
                shutil.copytree(source, folder / source.name, ignore=ignored, dirs_exist_ok=True)
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, folder / source.name)


setup(cmdclass={"build_py": WithWorkflow})
