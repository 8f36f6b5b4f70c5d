"""Migrations under load: which statements they may use, and how long requests wait."""
