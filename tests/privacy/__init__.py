"""What residents entrust to the system stays where it belongs: harnesses that look everywhere.

`make test` runs each of them small; `make canaries` in full (`CANARIES=full`).
"""
