"""The staff work queue: home page and list of cases."""
