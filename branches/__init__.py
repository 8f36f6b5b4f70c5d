"""Party organisations and handling units: one tree, and dated responsibilities for places."""
