"""How values lie in a shared cache: as JSON, which is read without running anything."""

from __future__ import annotations

import json
from typing import Any


class JSONSerializer:
    """Stands for Django's serializer of its Redis cache, which pickles. Tuples come back as lists."""

    def dumps(self, value: Any) -> int | bytes:
        """What is written. A whole number stays one, so that Redis can count it up and down."""
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """What was written."""
        return json.loads(data)
