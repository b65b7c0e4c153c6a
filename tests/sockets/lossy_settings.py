"""The product's settings with a layer that loses every answer, and of each ring its first frame."""

from callinvite.settings import *  # noqa: F403

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "tests.sockets.lossy.LossyChannelLayer",
        "CONFIG": {"losing": ('"event":"invitation.accepted"',), "losing_once": ('"event":"call.sent"',)},
    }
}
