"""Upgrades while people work: what a migration may do, and what others notice of it."""
