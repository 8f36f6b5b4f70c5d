"""The resident's page of a case, and the resident's feedback."""
