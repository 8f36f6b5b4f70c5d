"""The cache's server, asked by a client that is kept."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient

COUNT_ON = (
    "if redis.call('exists', KEYS[1]) == 1 then return redis.call('incrby', KEYS[1], ARGV[1]) end"
)


class PersistentRedisClient(RedisCacheClient):
    """Keeps one client to read by and one to write by; the framework makes one for every question.

    A client is safe to share between threads, and its lines are made anew in a forked process.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:  # noqa: ARG002 - as called
        """Return the client of the server that is to be asked."""
        if write not in self._clients:
            self._clients[write] = super().get_client(write=write)
        return self._clients[write]

    def incr(self, key: Any, delta: int) -> int:
        """Count on from what is there, in one round trip; ValueError if nothing is."""
        found = self.get_client(key, write=True).eval(COUNT_ON, 1, key, delta)
        if found is None:
            raise ValueError(key)
        return int(found)


class Cache(RedisCache):
    """The framework's cache on Redis or Valkey."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = PersistentRedisClient
