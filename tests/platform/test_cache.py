"""The cache on a real server: counting on is one exact question, by a client that is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.lib.web.redis_cache import Cache
from config.local import paths
from config.local.embedded import valkey


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    at = paths.find(tmp_path_factory.mktemp("cache") / "var")
    for folder in (at.services, at.sockets, at.logs):
        folder.mkdir(parents=True, exist_ok=True)
    server = valkey.ensure(at, durable=False, bound=True)
    yield Cache(f"unix://{at.broker}?db=1", {})
    server.stop()
    for folder in {at.services, at.sockets.parent}:
        shutil.rmtree(folder, ignore_errors=True)


def test_what_is_kept_is_found(cache: Cache) -> None:
    cache.set("word", "五", 60)
    assert cache.get("word") == "五"


def test_many_at_once_are_counted_one_by_one(cache: Cache) -> None:
    cache.set("count", 0, 60)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _one: cache.incr("count"), range(400)))
    assert sorted(found) == list(range(1, 401))


def test_nothing_is_not_counted_on(cache: Cache) -> None:
    with pytest.raises(ValueError, match="nothing"):
        cache.incr("nothing")
    assert cache.get("nothing") is None


def test_the_client_is_kept(cache: Cache) -> None:
    client = cache._cache.get_client(write=True)
    assert cache._cache.get_client("another", write=True) is client
