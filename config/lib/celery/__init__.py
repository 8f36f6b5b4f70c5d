"""Celery request class and beat scheduler."""
