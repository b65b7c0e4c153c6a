"""Every block of the documentation is what it says it is. What can be run is run by test_blocks_run.py besides."""

from __future__ import annotations

import pytest

from tests.repository.block_checks import CHECKS
from tests.repository.blocks import BLOCKS, KEYS, Block

OTHER_WAYS = {("sh", "settings")}
"""The languages whose blocks may be checked as something else."""
HOW = "CONTRIBUTING.md, Documentation, says how blocks are marked"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_is_what_it_says(block: Block) -> None:
    kind = block.said.get("check", block.language)

    assert "check" not in block.said or (block.language, kind) in OTHER_WAYS, (
        f"{block}: {kind} says nothing of it. {HOW}"
    )
    assert block.said.keys() <= KEYS, f"{block}: unknown words. {HOW}"
    assert kind in CHECKS, f"{block}: there is no check for {kind!r}. {HOW}"
    CHECKS[kind](block)
