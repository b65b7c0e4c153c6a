"""Hooks: addresses of other programs that are told what happened, signed by Standard Webhooks."""
