"""Keys of the visitor's session that more than one journey uses."""

RECEIPT = "receipt"
"""What this browser submitted last: `petition` (id), `key` (idempotency key), `is_joined`."""
