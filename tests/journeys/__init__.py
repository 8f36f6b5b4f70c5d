"""Stories through a real browser against the whole running stack."""
