"""Keys of the visitor's session that more than one journey uses."""

RECEIPT = "receipt"
"""What this browser submitted last: `petition` (id), `key` (idempotency key), `is_joined`,
`until`, the Unix time at which the receipt is not shown any more, and `earlier`, the own cases
whose receipt it replaced, each with `petition` and `until`."""

TRACKED = "track"
"""The case that this browser tracks."""

UNSENT = "unsent"
"""What a resident typed on the tracking page and could not send: the typed fields, by case."""
