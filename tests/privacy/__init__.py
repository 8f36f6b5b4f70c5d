"""Privacy tests against the running stack: canaries, hostile files, guessing, key rotation.

`make test` runs them small; `make canaries` in full (`CANARIES=full`).
"""
