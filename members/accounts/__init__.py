"""Accounts: log-in, API tokens, MFA, session middleware, audit log."""
