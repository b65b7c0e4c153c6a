"""The least that the same tools can do: single-file servers to measure the product against.

Never part of the product."""
