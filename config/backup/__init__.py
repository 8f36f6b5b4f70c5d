"""Backup and restore: the database and its photos as of one instant, verified both times.

The database is dumped first, from a snapshot whose rows are counted; then the photos are copied. A
photo is on disk before its row is written, so every row in the dump has its photo in the backup.
"""
