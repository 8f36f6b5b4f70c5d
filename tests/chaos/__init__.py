"""Harnesses: load and faults against a whole stack of one's own, and a verdict in SQL after."""
