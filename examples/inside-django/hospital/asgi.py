"""The whole project under an ASGI server: the live socket of the calls, and Django for everything else."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings")
django_application = get_asgi_application()

from invitations.asgi import live_router  # noqa: E402  Django must be set up before the app's modules load

application = live_router(http=django_application, prefix="calls/")
