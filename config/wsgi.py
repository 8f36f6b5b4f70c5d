"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
# Load all URL patterns before the worker processes are forked: an error shows at start, and the
# processes share the memory.
url_patterns = get_resolver().url_patterns
