"""Backups that restore: the database and its photos as of one instant, checked both ways.

The database is dumped first, from a snapshot whose rows are counted; the photos are copied after
it. A photo is on disk before the row that names it, so every row in the dump finds its photo.
"""
