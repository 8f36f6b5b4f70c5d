"""API of cases: reading, submitting, one POST per verb, and the list of events."""
