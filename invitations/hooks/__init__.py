"""Hooks: addresses of other programs that are told what happened, signed by Standard Webhooks.

What is owed is planned in the transaction of the change that it tells of (`planning`), handed out under a lease and
settled here (`messages`), and sent by the dispatcher. Decides nothing about calls."""

from invitations.hooks.forgetting import forget_calls, without_call
from invitations.hooks.planning import plan_change, plan_disabled

__all__ = ["forget_calls", "plan_change", "plan_disabled", "without_call"]
