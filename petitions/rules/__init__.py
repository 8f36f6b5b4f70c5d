"""Rules without side effects on cases: routing, deadlines, promises, tracking codes, contacts."""
