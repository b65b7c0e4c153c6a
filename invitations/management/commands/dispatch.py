"""`manage.py dispatch`: the dispatcher alone, for layouts where web processes run apart. Any number may run."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from invitations import checks


class Command(BaseCommand):
    help = "Expires rings and leases and rings again, until SIGTERM. Any number of these may run at once."
    requires_system_checks = [checks.TAG]

    def handle(self, *args: Any, **options: Any) -> None:
        """Dispatch until SIGTERM or SIGINT."""
        asyncio.run(self._dispatch())

    async def _dispatch(self) -> None:
        from invitations import live
        from invitations.dispatcher import Dispatcher

        dispatcher = Dispatcher()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, dispatcher.stop)
        live.serve_on(loop)
        self.stdout.write("The dispatcher is running.")
        self.stdout.flush()
        await dispatcher.run()
