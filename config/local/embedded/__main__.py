"""Start and stop the embedded services: `start`, `stop` or `status`."""

import sys

from config.local import embedded, paths
from config.local.embedded import postgres, valkey


def main(words: list[str]) -> int:
    """Run the command; return the exit status."""
    at = paths.find()
    word = words[0] if words else "start"
    try:
        if word == "start":
            for server in reversed(embedded.start(at).servers):
                how = "started" if server.started_here else "was already running"
                print(f"{server.name} {how} (process {server.pid}), sockets in {at.sockets}")
        elif word == "stop":
            print("Stopped: " + (", ".join(embedded.stop(at)) or "nothing was running"))
        elif word == "status":
            for running in (postgres.running(at), valkey.running(at)):
                print(running or "not running")
        else:
            print("Usage: start, stop or status.", file=sys.stderr)
            return 2
    except embedded.ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
