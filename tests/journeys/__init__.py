"""Journeys: tests in a real browser against the running stack."""
