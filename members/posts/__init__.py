"""Posts: who holds which post, and what its scope is."""
