"""The whole service under an ASGI server: Django for pages and REST, the live socket beside it."""

import os

from callinvite.handler import SynchronousChain

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
django_application = SynchronousChain()

from callinvite.lanes import Lanes  # noqa: E402  Django must be set up before the app's modules load
from invitations.asgi import live_router  # noqa: E402

application = live_router(http=Lanes(django_application))
