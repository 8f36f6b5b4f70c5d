"""Parts of the web layer shared by all apps: errors, request log, CSP, sessions, health, cache."""
