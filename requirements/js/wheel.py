"""Puts the bundle of the pages' files into the wheel, if esbuild is installed where it is built."""

from __future__ import annotations

import runpy
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACES = {"sdist": "static/callinvite", "wheel": "invitations/static/callinvite"}
"""Where static files lie in what is built."""


class BundleHook(BuildHookInterface):
    """Called by hatchling for the wheel and for the archive of sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle and have it included. In an archive of sources it is already."""
        # Not imported: the app's packages need not be installed to build it.
        bundle = runpy.run_path(str(Path(self.root, "invitations", "bundle.py")))
        sources = Path(self.root, "static", "callinvite")
        if version == "editable" or (sources / bundle["FOLDER"]).exists():
            return
        self._folder = Path(tempfile.mkdtemp(prefix="callinvite-wheel-"))
        made = self._folder / bundle["FOLDER"]
        try:
            bundle["make"](sources, made)
        except bundle["NotBundled"] as error:
            self.app.display_warning(f"Pages will load their modules one by one: {error}.")
            return
        place = f"{PLACES[self.target_name]}/{bundle['FOLDER']}"
        build_data["force_include"] |= {str(each): f"{place}/{each.name}" for each in made.iterdir()}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was made for it."""
        if hasattr(self, "_folder"):
            shutil.rmtree(self._folder)
