#!/usr/bin/env python
"""Run management commands."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the command of the command line, without a statement timeout."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("STATEMENT_TIMEOUT_MS", "0")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
