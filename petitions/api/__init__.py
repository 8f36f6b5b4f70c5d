"""The door for programs to cases: reading, filing, one POST per verb, and the stream of events."""
