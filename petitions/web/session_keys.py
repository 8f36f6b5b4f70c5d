"""Keys of the visitor's session that more than one journey uses."""

RECEIPT = "receipt"
"""What this browser submitted last: `petition` (id), `key` (idempotency key), `is_joined`, and
`until`, the Unix time at which the receipt is not shown any more."""

TRACKED = "track"
"""The case that this browser tracks."""

UNSENT = "unsent"
"""What a resident sent after the tracking had ended: the case, and the typed fields."""
