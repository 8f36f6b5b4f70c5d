"""Keys of the visitor's session that more than one journey uses."""

RECEIPT = "receipt"
"""What this browser submitted last: `petition` (id), `key` (idempotency key), `is_joined`, and
`until`, the Unix time at which the receipt is not shown any more."""

TRACKED = "track"
"""The case that this browser tracks."""

UNSENT = "unsent"
"""What a resident typed on the tracking page and could not send: the typed fields, by case."""
