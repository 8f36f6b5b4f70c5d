"""Party organisations and the units that answer for places: one tree, dated responsibilities."""
