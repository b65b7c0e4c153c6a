"""The least that the same tools can do: servers of one file each, to measure the product against.

Never part of the product."""
