"""The case page, the pages of its verbs, and the door sheet."""
