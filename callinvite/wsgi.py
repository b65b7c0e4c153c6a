"""REST and pages under WSGI workers, for layouts in which only `/ws/` goes to an ASGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
application = get_wsgi_application()
