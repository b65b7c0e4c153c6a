"""What happens without anybody asking: deadlines are met, rings repeated, push messages sent, old things forgotten.

Any number of these may run at once, in the server's own process or apart, and any may be killed."""

from invitations.dispatcher.loop import Dispatcher
from invitations.dispatcher.pruning import prune

__all__ = ["Dispatcher", "prune"]
