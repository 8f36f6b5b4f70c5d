"""Settings of a web server that a test starts on the test's own database."""

import os

from tests.settings import *  # noqa: F403

DATABASES["default"]["NAME"] = os.environ["SERVED_DATABASE"]  # noqa: F405
PHOTOS_BY_ACCEL = True
MEDIA_ROOT = os.environ["SERVED_MEDIA"]
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = {"api-file": None, "api-write": None}  # noqa: F405
