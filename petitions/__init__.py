"""A resident's case: its life, its clocks, who answers for it, and its numbers."""
