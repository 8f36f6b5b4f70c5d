"""Date and time formats of the languages that differ from Django's."""
