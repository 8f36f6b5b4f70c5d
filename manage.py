#!/usr/bin/env python
"""Run management commands."""

import os
import sys

from django.core.management import execute_from_command_line

# Django's command would change the account without a record and a line of the security log.
REPLACED = {"changepassword": "change_password"}


def main() -> None:
    """Run the command of the command line, without a statement timeout."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("STATEMENT_TIMEOUT_MS", "0")
    program, *arguments = sys.argv
    names = [REPLACED.get(name, name) for name in arguments[:1]]
    execute_from_command_line([program, *names, *arguments[1:]])


if __name__ == "__main__":
    main()
