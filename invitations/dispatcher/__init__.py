"""What happens without a request: deadlines pass, rings repeat, push messages are sent, old rows are deleted.

Any number of dispatchers may run, inside the server's process or apart from it, and any of them may be killed."""

from invitations.dispatcher.loop import Dispatcher
from invitations.dispatcher.pruning import prune

__all__ = ["Dispatcher", "prune"]
