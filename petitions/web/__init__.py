"""Web code shared by the journeys: access, filters, pagination, list items, photos."""
