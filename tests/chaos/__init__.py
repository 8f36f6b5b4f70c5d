"""Fault injection: load and faults on a complete stack, then checks of the database in SQL."""
