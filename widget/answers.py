"""What may vanish: flask-caching's backend with JSON records, one round trip for many keys.

JSON and not flask-caching's pickle: whoever can write to Redis must not be able to run code here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cachelib.serializers import BaseSerializer
from flask import Flask
from flask_caching import Cache
from flask_caching.backends.rediscache import RedisCache
from flask_caching.backends.simplecache import SimpleCache

from widget.redis_clients import STORE_ERRORS, is_cluster, open_redis

MOST_IN_PROCESS = 20_000  # records, when there is no Redis


def redis_takes_writes(redis_url: str) -> bool:
    """Whether Redis stores something now: a replica answers too, and so does one whose memory is full. True without
    Redis: then the cache is in the process. One round trip over a connection of its own."""
    if not redis_url:
        return True
    try:
        with open_redis(redis_url) as client:
            return bool(client.set("widget:ready", 1, ex=60))
    except STORE_ERRORS:
        return False


class StoreGone(Exception):
    """Redis does not answer. What it held is unknown, not absent."""


class _Json(BaseSerializer):
    def dumps(self, value: Any, protocol: int = 0) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, bvalue: bytes | None) -> Any:
        try:
            return None if bvalue is None else json.loads(bvalue)
        except ValueError:  # written by another version
            return None


class JsonRedisCache(RedisCache):
    """flask-caching's Redis backend, storing JSON, over a client of ours."""

    serializer = _Json()  # type: ignore[assignment]

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "JsonRedisCache":
        return cls(host=open_redis(config["CACHE_REDIS_URL"]), key_prefix=config["CACHE_KEY_PREFIX"])

    def add_many(self, keys: Sequence[str], value: Any, timeout: int) -> list[str]:
        """One round trip; cachelib adds one key at a time."""
        with self._write_client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(f"{self._get_prefix()}{key}", self.serializer.dumps(value), nx=True, ex=timeout)
            return [key for key, added in zip(keys, pipe.execute(), strict=True) if added]

    def delete_many(self, *keys: str) -> list[str]:
        """One round trip; cachelib's own takes two for each key."""
        self._write_client.delete(*(f"{self._get_prefix()}{key}" for key in keys))
        return list(keys)


class JsonClusterCache(JsonRedisCache):
    """The same where the keys lie on several servers: one round trip to each of them, side by side with none."""

    def get_many(self, *keys: str) -> list[Any]:
        with self._read_client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.get(f"{self._get_prefix()}{key}")
            return [self.serializer.loads(found) for found in pipe.execute()]

    def set_many(self, mapping: dict[str, Any], timeout: Any = None) -> list[str]:
        with self._write_client.pipeline(transaction=False) as pipe:
            for key, value in mapping.items():
                pipe.set(f"{self._get_prefix()}{key}", self.serializer.dumps(value), ex=timeout)
            pipe.execute()
        return list(mapping)

    def delete_many(self, *keys: str) -> list[str]:
        with self._write_client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.delete(f"{self._get_prefix()}{key}")
            pipe.execute()
        return list(keys)


class ProcessCache(SimpleCache):
    """flask-caching's own memory, for one process."""

    def add_many(self, keys: Sequence[str], value: Any, timeout: int) -> list[str]:
        return [key for key in keys if self.add(key, value, timeout=timeout)]


class Answers:
    """Records by key, for a time. Raises StoreGone where the store cannot be reached."""

    def __init__(self, app: Flask, redis_url: str) -> None:
        options: dict[str, Any] = {"CACHE_KEY_PREFIX": "widget:1:", "CACHE_THRESHOLD": MOST_IN_PROCESS}
        if redis_url:
            kind = "JsonClusterCache" if is_cluster(open_redis(redis_url)) else "JsonRedisCache"
            options |= {"CACHE_TYPE": f"widget.answers.{kind}", "CACHE_REDIS_URL": redis_url}
        else:
            options |= {"CACHE_TYPE": "widget.answers.ProcessCache"}
        cache = Cache(app, config=options)
        self._backend: Any = app.extensions["cache"][cache]

    def connections(self) -> dict[str, float]:
        """Of this process to Redis, by their state; empty where there is none, and in a cluster."""
        pool = getattr(getattr(self._backend, "_write_client", None), "connection_pool", None)
        counted = pool.get_connection_count() if pool else ()
        return {str(labels["state"]): float(number) for number, labels in counted}

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        """The records that are there. One round trip."""
        if not keys:
            return {}
        try:
            found = self._backend.get_many(*keys)
        except STORE_ERRORS as error:
            raise StoreGone from error
        return {key: value for key, value in zip(keys, found, strict=True) if value is not None}

    def set_many(self, records: Mapping[str, Any], seconds: float) -> None:
        """Keep the records for a time, one round trip."""
        if not records:
            return
        try:
            self._backend.set_many(dict(records), timeout=max(1, round(seconds)))
        except STORE_ERRORS as error:
            raise StoreGone from error

    def add_many(self, keys: Sequence[str], value: Any, seconds: float) -> list[str]:
        """Set those that are not there already (SET NX); the keys that were set. One round trip."""
        try:
            return list(self._backend.add_many(keys, value, timeout=max(1, round(seconds))))
        except STORE_ERRORS as error:
            raise StoreGone from error

    def delete_many(self, keys: Sequence[str]) -> None:
        """Forget the records. One round trip."""
        if not keys:
            return
        try:
            self._backend.delete_many(*keys)
        except STORE_ERRORS as error:
            raise StoreGone from error
