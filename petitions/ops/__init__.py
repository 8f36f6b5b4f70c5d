"""Operation: integrity checks and scheduled tasks."""
