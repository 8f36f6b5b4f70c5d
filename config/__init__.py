"""Wires the apps together: settings, addresses, background work and the services of one run."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
