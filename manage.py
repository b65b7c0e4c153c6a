#!/usr/bin/env python
"""The command line of Callinvite."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callinvite.settings")
    from django.core.management import execute_from_command_line

    from callinvite.environment import BadSetting

    try:
        execute_from_command_line(sys.argv)
    except BadSetting as wrong:
        sys.exit(f"{wrong}")


if __name__ == "__main__":
    main()
