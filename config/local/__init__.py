"""The one-command run: paths, embedded services, database initialisation, supervisor."""
