"""The rules that `benchmarks/mutants.py` breaks on purpose still stand where its list says."""

from __future__ import annotations

from benchmarks import mutants


def test_every_mutant_fits_the_code() -> None:
    kept = mutants.load()

    assert len(kept) >= 60
    assert len({each.name for each in kept}) == len(kept)
