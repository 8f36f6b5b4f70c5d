"""The entry point of the web server."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
# Read every address before the processes part: a mistake shows at start, not at the first visitor,
# and the memory is shared.
get_resolver().url_patterns  # noqa: B018
