"""Size of the privacy tests: small in `make test`, full in `make canaries`."""

import os

IS_FULL = os.environ.get("CANARIES") == "full"
