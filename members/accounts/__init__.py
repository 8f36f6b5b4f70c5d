"""Accounts: log-in, tokens, second factor, session timeouts, security log."""
