"""A proxy between two processes that can cut, slow down or mute connections.

`python -m tests.chaos.tcp_proxy LISTEN TARGET CONTROL` forwards bytes; an address is `unix:/path`
or `tcp:port`. `TcpProxy` starts and controls one. Standard library only, so that it starts fast.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

from config.local import paths
from config.local.embedded.process import launch

CHUNK = 1 << 16
STEP = 0.02


class TcpProxy:
    """The harness's hand on one proxy."""

    def __init__(self, listen: str, target: str, folder: Path, name: str) -> None:
        self.control = folder / f"{name}.ctl"
        self.listen = listen
        for socket_file in (self.control, Path(listen.removeprefix("unix:"))):
            socket_file.unlink(missing_ok=True)
        words = ["-m", "tests.chaos.tcp_proxy", listen, target, str(self.control)]
        self.child = launch(
            [sys.executable, *words],
            log=folder / f"{name}.log",
            folder=paths.ROOT,
            run_as=None,
            ending=signal.SIGKILL,
            bound=True,
            variables=dict(os.environ),
        )
        until = time.monotonic() + 10
        while not self.control.exists():
            if self.child.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the proxy {name} does not start")
            time.sleep(STEP)

    def cut(self) -> None:
        """Disconnect every line, and refuse new ones, until it is healed."""
        self._tell("cut")

    def slow(self, seconds: float) -> None:
        """Hold back every packet for so long, each way."""
        self._tell(f"slow {seconds}")

    def mute(self) -> None:
        """Half open: lines stay, new ones are accepted, and nothing comes through any more."""
        self._tell("mute")

    def heal(self) -> None:
        """Pass everything on as if nothing had been; lines that were muted are broken."""
        self._tell("heal")

    def lose(self) -> None:
        """Half open for ever: the lines there are stay and are mute; new ones work."""
        self._tell("lose")

    def snip(self) -> None:
        """Disconnect the lines there are; new ones work."""
        self._tell("snip")

    def stop(self) -> None:
        """End the proxy."""
        self.child.kill()
        self.child.wait()
        self.control.unlink(missing_ok=True)

    def _tell(self, words: str) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.control))
            line.sendall(f"{words}\n".encode())
            if line.recv(8) != b"done\n":
                raise RuntimeError(f"the proxy did not take: {words}")


class Proxy:
    """What runs in the process of its own."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.mode = "heal"
        self.delay = 0.0
        self.lines: set[asyncio.StreamWriter] = set()
        self.lost: set[asyncio.StreamWriter] = set()
        self.mended = asyncio.Event()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a new line with the target, unless the proxy is cut."""
        if self.mode == "cut":
            writer.transport.abort()
            return
        self.lines.add(writer)
        try:
            if self.mode == "mute":
                await self.mended.wait()
                return
            far_reader, far_writer = await _open(self.target)
            self.lines.add(far_writer)
            try:
                await asyncio.wait(
                    [
                        asyncio.create_task(self.carry(reader, far_writer)),
                        asyncio.create_task(self.carry(far_reader, writer)),
                    ],
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                self.drop(far_writer)
        except OSError:
            pass
        finally:
            self.drop(writer)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on one way; on a mute proxy they are swallowed."""
        try:
            while chunk := await reader.read(CHUNK):
                if self.mode == "mute" or writer in self.lost:
                    continue
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(chunk)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass

    def drop(self, writer: asyncio.StreamWriter) -> None:
        """Disconnect one line."""
        self.lines.discard(writer)
        self.lost.discard(writer)
        writer.transport.abort()

    async def obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one order from the harness."""
        words = (await reader.readline()).decode().split()
        if words[0] in {"cut", "snip"} or (words[0] == "heal" and self.mode == "mute"):
            for line in list(self.lines):
                self.drop(line)
        if words[0] == "lose":
            self.lost = set(self.lines)
        elif words[0] != "snip":
            self.mode = words[0]
            self.delay = float(words[1]) if words[0] == "slow" else 0.0
            self.mended.set() if words[0] != "mute" else self.mended.clear()
        writer.write(b"done\n")
        await writer.drain()
        writer.close()


async def _open(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    kind, _, where = address.partition(":")
    if kind == "unix":
        return await asyncio.open_unix_connection(where)
    return await asyncio.open_connection("127.0.0.1", int(where))


async def main(listen: str, target: str, control: str) -> None:
    """Pass bytes on until killed."""
    proxy = Proxy(target)
    kind, _, where = listen.partition(":")
    if kind == "unix":
        await asyncio.start_unix_server(proxy.accept, where)
    else:
        await asyncio.start_server(proxy.accept, "127.0.0.1", int(where))
    server = await asyncio.start_unix_server(proxy.obey, control)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
