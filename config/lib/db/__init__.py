"""Database helpers: PostgreSQL backend, prepared statements, multi-row insert, safe migrations."""
