"""Static files with hashed names, in imports between JavaScript modules too; compressed, and bundled for the pages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

from invitations import bundle

logger = logging.getLogger(__name__)


class HashedModulesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites static, dynamic and re-export imports. Every import must end with a semicolon to be recognized."""

    support_js_module_import_aggregation = True
    # Each pass resolves one more level of imports; Django's five are too few for our modules.
    max_post_process_passes = 20

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Bundle what was collected, whatever of it is a project's own, and treat that like the other files."""
        if not dry_run:
            paths = {name: each for name, each in paths.items() if not name.startswith(f"callinvite/{bundle.FOLDER}/")}
            sources = Path(self.path("callinvite"))
            try:
                names = bundle.make(sources, sources / bundle.FOLDER)
            except bundle.NotBundled as error:
                logger.warning("Pages will load their modules one by one: %s.", error)
                names = []
            made = [f"callinvite/{bundle.FOLDER}/{name}" for name in names]
            paths |= {name: (self, name) for name in made}
        yield from super().post_process(paths, dry_run=dry_run, **options)
