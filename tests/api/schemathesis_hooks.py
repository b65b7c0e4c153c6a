"""Loaded by Schemathesis: the people whom generated requests name, so that most of them ring somebody."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies

schemathesis.openapi.format("user-id", strategies.sampled_from(["bob", "carol", "dave", "alice", "nobody"]))
