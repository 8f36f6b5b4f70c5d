"""Who is notified of which event, and the transactional outbox."""
