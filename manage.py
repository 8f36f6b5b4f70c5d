#!/usr/bin/env python
"""Run management commands."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from environs import EnvError

# Django's command would change the account without a record and a line of the security log.
REPLACED = {"changepassword": "change_password"}


def main() -> None:
    """Run the command of the command line, without a statement timeout.

    Wrong settings end it with a sentence instead of a traceback.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["STATEMENT_TIMEOUT_MS"] = "0"  # also where the configuration sets one for requests
    try:
        settings.PRODUCTION  # noqa: B018 - reads the settings
    except (ImproperlyConfigured, EnvError) as error:
        sys.exit(f"The settings are wrong: {error}")
    program, *arguments = sys.argv
    names = [REPLACED.get(name, name) for name in arguments[:1]]
    execute_from_command_line([program, *names, *arguments[1:]])


if __name__ == "__main__":
    main()
