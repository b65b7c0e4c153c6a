"""The whole service under an ASGI server: Django for pages and REST, the live socket beside it."""

import os

from callinvite.handler import SynchronousChain

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
django_application = SynchronousChain()

from invitations.asgi import live_router  # noqa: E402  Django must be set up before the app's modules load

application = live_router(http=django_application)
