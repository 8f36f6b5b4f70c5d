"""Submitting a report: staff desk and public wizard."""
