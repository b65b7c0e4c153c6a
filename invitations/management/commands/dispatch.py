"""`manage.py dispatch`: only the dispatcher, for layouts with separate web processes. Any number may run."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from invitations import checks


class Command(BaseCommand):
    help = "Expires rings and leases, rings again and sends push messages, until SIGTERM. Any number may run at once."
    requires_system_checks = [checks.TAG]

    def handle(self, *args: Any, **options: Any) -> None:
        """Dispatch until SIGTERM or SIGINT."""
        from django.utils import timezone

        from invitations import calls

        calls.expect_changes(now=timezone.now())
        calls.forgive_outage(now=timezone.now())
        asyncio.run(self._dispatch())

    async def _dispatch(self) -> None:
        from invitations.dispatcher import Dispatcher
        from invitations.live import publishers
        from invitations.management.memory import keep_what_is_loaded

        dispatcher = Dispatcher()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, dispatcher.stop)
        publishers.serve_on(loop)
        keep_what_is_loaded()
        self.stdout.write("The dispatcher is running.")
        self.stdout.flush()
        await dispatcher.run()
