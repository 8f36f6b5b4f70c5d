"""The page on which the auditor reads, searches and exports the security log."""
