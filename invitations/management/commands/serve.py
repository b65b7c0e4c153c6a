"""`manage.py serve`: web and dispatcher in one process, or the web alone where dispatchers run apart.

Needs nothing but a migrated database."""

from __future__ import annotations

import asyncio
import logging
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from invitations import bundle, checks
from invitations.transports import vapid

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Serves pages, REST and the live socket, and does what is due, in one process."
    requires_system_checks = [checks.TAG]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Accept the address, and whether this is a demonstration."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
        parser.add_argument("--port", type=_port, default=8000, help="port to listen on (default: 8000)")
        parser.add_argument(
            "--no-dispatcher",
            action="store_true",
            help="only serve: what is due is done by `manage.py dispatch`, in processes apart",
        )
        parser.add_argument(
            "--demo", action="store_true", help="migrate and make the demo users first, and print their password"
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Make what must be there before the system checks: a push key, for which they ask, and the bundle, because
        they load the application, and with it WhiteNoise, which looks once for the files that it serves.

        Without a key, everything except push works. It is not made where others send: they must all have the same one.
        """
        if not options["no_dispatcher"]:
            try:
                vapid.ensure()
            except OSError as error:
                self.stderr.write(f"No VAPID key could be kept, so devices cannot be rung by push: {error.strerror}")
        self._bundle()
        return super().execute(*args, **options)

    def handle(self, *args: Any, host: str, port: int, demo: bool, no_dispatcher: bool, **options: Any) -> None:
        """Serve until SIGTERM or SIGINT."""
        unapplied = _has_unapplied_migrations()
        if unapplied and not demo:
            raise CommandError("The database is not up to date. Run: manage.py migrate")
        if unapplied:
            call_command("migrate", verbosity=0, interactive=False)
        if demo:
            call_command("make_demo_users", stdout=self.stdout)
        self._serve(host, port, is_dispatching=not no_dispatcher)

    def _bundle(self) -> None:
        """Make the bundle of the pages' files where settings have a place for it, before anything looks there."""
        root = getattr(settings, "CALLINVITE_BUNDLE_ROOT", None)
        script = finders.find("callinvite/service-worker.js")
        if root is None or script is None:
            return
        try:
            bundle.make(Path(script).parent, Path(root, "callinvite", bundle.FOLDER))
        except bundle.NotBundled as error:
            logger.info("Pages load their modules one by one: %s.", error)

    def _serve(self, host: str, port: int, *, is_dispatching: bool) -> None:
        # Imported late: other commands do not need it, and a wrong option is reported at once.
        from channels.routing import get_default_application
        from django.utils import timezone

        from invitations import calls
        from invitations.dispatcher import Dispatcher
        from invitations.live import publishers
        from invitations.management.memory import keep_what_is_loaded
        from invitations.management.server import WebServer
        from invitations.requests import ring_hook

        if is_dispatching:
            calls.expect_changes(now=timezone.now())
            calls.forgive_outage(now=timezone.now())
        dispatcher = Dispatcher()
        tasks: list[asyncio.Task[None]] = []

        def start(listening_port: int) -> None:
            loop = asyncio.get_running_loop()
            publishers.serve_on(loop)
            if is_dispatching:
                tasks.append(loop.create_task(dispatcher.run()))
            keep_what_is_loaded()
            self.stdout.write(f"Callinvite is ready at http://{_in_url(host)}:{listening_port}/")
            self.stdout.flush()

        async def stop() -> None:
            dispatcher.stop()
            await asyncio.gather(*tasks)
            await ring_hook.close()

        server = WebServer(get_default_application(), host=host, port=port, on_start=start, on_stop=stop)
        server.run()
        if server.refusal is not None:
            raise CommandError(f"Cannot listen on {_in_url(host)}:{port}: {server.refusal}")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"{text} is not a port (0 to 65535)")
    return int(text)


def _in_url(host: str) -> str:
    return f"[{host.strip('[]')}]" if ":" in host else host


def _has_unapplied_migrations() -> bool:
    from django.db.migrations.executor import MigrationExecutor

    connection = connections[DEFAULT_DB_ALIAS]
    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        # A pool goes on trying, and would say so after the last word.
        if close_pool := getattr(connection, "close_pool", None):
            close_pool()
        raise CommandError(f"The database cannot be reached: {str(error).strip().splitlines()[0]}") from error
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
