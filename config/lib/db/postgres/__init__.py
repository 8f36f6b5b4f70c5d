"""PostgreSQL as the framework knows it, except that a mute server is not waited for for ever."""
