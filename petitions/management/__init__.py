"""Commands of the app of cases."""
