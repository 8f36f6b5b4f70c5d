"""Working calendars and working-time arithmetic."""
