"""Settings of the tests, with their own data folder independent of the environment."""

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
os.environ["VAR_DIR"] = os.environ.get("TEST_VAR_DIR") or str(_ROOT / "var" / "test")
os.environ["ENV_FILE"] = ""
for _name in (
    *("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "PRODUCTION", "DEBUG", "DEMO"),
    *("MEDIA_ROOT", "ANCHOR_DIR"),
):
    os.environ.pop(_name, None)

from config.settings import *  # noqa: E402, F403

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
WHITENOISE_AUTOREFRESH = True
DEMO = False

# A thread of a test server keeps no connection that would hold the test database open.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
