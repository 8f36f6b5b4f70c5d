"""How large the harnesses are: small in `make test`, full by `make canaries`."""

import os

IS_FULL = os.environ.get("CANARIES") == "full"
