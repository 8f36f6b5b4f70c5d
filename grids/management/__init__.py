"""Commands of the app of places."""
