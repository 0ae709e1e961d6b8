"""What may vanish: flask-caching's backend with JSON records, one round trip for many keys.

JSON and not flask-caching's pickle: write access to Redis must not run code here.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from cachelib.serializers import BaseSerializer
from flask import Flask
from flask_caching import Cache as FlaskCache
from flask_caching.backends.rediscache import RedisCache
from flask_caching.backends.simplecache import SimpleCache

from widget.redis_clients import STORE_ERRORS, is_cluster, open_redis

MAX_IN_PROCESS = 20_000  # records, when there is no Redis


def redis_takes_writes(redis_url: str) -> bool:
    """Whether Redis stores something now: a replica answers too, and so does one whose memory is
    full. True without Redis: then the cache is in the process. One round trip over a connection of
    its own."""
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


# Each record is written only where the key still holds what the writer read there ("" is nothing),
# and not at all for 0 seconds; the leases go with it.
# KEYS  records..., leases...   ARGV  how many records, {before, record, seconds}...
# Returns for each record 1, or what stands there instead ("" for nothing).
_PUBLISH = """
local told = {}
for at = 1, tonumber(ARGV[1]) do
  local now = redis.call('GET', KEYS[at])
  if (now or '') ~= ARGV[3 * at - 1] then
    told[at] = now or ''
  else
    told[at] = 1
    if ARGV[3 * at + 1] ~= '0' then
      redis.call('SET', KEYS[at], ARGV[3 * at], 'EX', ARGV[3 * at + 1])
    end
  end
end
if #KEYS > #told then
  redis.call('DEL', unpack(KEYS, #told + 1))
end
return told
"""


class JsonRedisCache(RedisCache):
    """flask-caching's Redis backend, storing JSON, over a client of ours."""

    serializer = _Json()  # type: ignore[assignment]

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "JsonRedisCache":
        return cls(host=open_redis(config["CACHE_REDIS_URL"]), key_prefix=config["CACHE_KEY_PREFIX"])

    def get_many(self, *keys: str) -> list[Any]:
        """One round trip. The prefix is worked out once, not for each key."""
        return self.read(self.get_raw(*keys))

    def get_raw(self, *keys: str) -> list[Any]:
        """One MGET over a connection of the pool: by way of redis-py's client, which times, retries
        and counts each command, it takes twice as long, and a warm card is little more than this. A
        read has nothing to retry."""
        prefix, pool = self._get_prefix(), self._read_client.connection_pool
        connection = pool.get_connection()
        try:
            connection.send_command("MGET", *(prefix + key for key in keys))
            return list(connection.read_response())
        finally:
            pool.release(connection)

    def read(self, raw: Sequence[Any]) -> list[Any]:
        return [self.serializer.loads(value) for value in raw]

    def set_each(self, records: Mapping[str, tuple[Any, int]]) -> None:
        """Each record with its own seconds. One round trip."""
        prefix = self._get_prefix()
        with self._write_client.pipeline(transaction=False) as pipe:
            for key, (value, seconds) in records.items():
                pipe.set(prefix + key, self.serializer.dumps(value), ex=seconds)
            pipe.execute()

    def add_many(self, keys: Sequence[str], value: Any, timeout: int) -> list[str]:
        """Returns the keys that were free. `timeout` is seconds. One round trip; cachelib adds one
        key at a time."""
        return self.add_and_get(keys, value, timeout, ())[0]

    def add_and_get(
        self, keys: Sequence[str], value: Any, timeout: int, wanted: Sequence[str]
    ) -> tuple[list[str], list[Any]]:
        """Add the record under each key that is free; read the `wanted` keys after that. One round
        trip for both. `timeout` is seconds."""
        prefix, dumped = self._get_prefix(), self.serializer.dumps(value)
        with self._write_client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(prefix + key, dumped, nx=True, ex=timeout)
            if wanted:
                pipe.mget([prefix + key for key in wanted])
            values = pipe.execute()
        found = [self.serializer.loads(each) for each in values[len(keys)]] if wanted else []
        return [key for key, added in zip(keys, values, strict=False) if added], found

    def publish(self, records: Mapping[str, tuple[Any, Any, int]], leases: Sequence[str]) -> dict[str, Any]:
        """See Answers.publish. One round trip."""
        prefix = self._get_prefix()
        given: list[Any] = [len(records)]
        for before, record, seconds in records.values():
            given += [b"" if before is None else self.serializer.dumps(before), self.serializer.dumps(record), seconds]
        keys = [prefix + key for key in (*records, *leases)]
        values = self._write_client.eval(_PUBLISH, len(keys), *keys, *given)
        return {
            key: self.serializer.loads(each or None) for key, each in zip(records, values, strict=True) if each != 1
        }

    def delete_many(self, *keys: str) -> list[str]:
        """One round trip; cachelib's own takes two for each key."""
        self._write_client.delete(*(f"{self._get_prefix()}{key}" for key in keys))
        return list(keys)


class JsonClusterCache(JsonRedisCache):
    """The backend for a cluster, where keys lie on several servers: one round trip to each
    server."""

    def get_raw(self, *keys: str) -> list[Any]:
        prefix = self._get_prefix()
        with self._read_client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.get(prefix + key)
            return list(pipe.execute())

    def add_and_get(
        self, keys: Sequence[str], value: Any, timeout: int, wanted: Sequence[str]
    ) -> tuple[list[str], list[Any]]:
        added = []
        with self._write_client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.set(self._get_prefix() + key, self.serializer.dumps(value), nx=True, ex=timeout)
            added = [key for key, done in zip(keys, pipe.execute(), strict=True) if done]
        return added, self.get_many(*wanted) if wanted else []

    def publish(self, records: Mapping[str, tuple[Any, Any, int]], leases: Sequence[str]) -> dict[str, Any]:
        """A script has one server; so each record is a script of its own, and the leases go when
        all are there."""
        changed: dict[str, Any] = {}
        for key, record in records.items():
            changed |= super().publish({key: record}, ())
        self.delete_many(*leases)
        return changed

    def delete_many(self, *keys: str) -> list[str]:
        with self._write_client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.delete(self._get_prefix() + key)
            pipe.execute()
        return list(keys)


class ProcessCache(SimpleCache):
    """flask-caching's own memory, for one process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._one_writer = threading.Lock()

    def get_raw(self, *keys: str) -> list[Any]:
        return list(self.get_many(*keys))

    def read(self, raw: Sequence[Any]) -> list[Any]:
        return list(raw)

    def set_each(self, records: Mapping[str, tuple[Any, int]]) -> None:
        for key, (value, seconds) in records.items():
            self.set(key, value, timeout=seconds)

    def add_many(self, keys: Sequence[str], value: Any, timeout: int) -> list[str]:
        return [key for key in keys if self.add(key, value, timeout=timeout)]

    def add_and_get(
        self, keys: Sequence[str], value: Any, timeout: int, wanted: Sequence[str]
    ) -> tuple[list[str], list[Any]]:
        return self.add_many(keys, value, timeout), self.get_many(*wanted)

    def publish(self, records: Mapping[str, tuple[Any, Any, int]], leases: Sequence[str]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        with self._one_writer:
            for key, (before, record, seconds) in records.items():
                now = self.get(key)
                if now != before:
                    changed[key] = now
                elif seconds:
                    self.set(key, record, timeout=seconds)
        self.delete_many(*leases)
        return changed


class Cache:
    """Records by key, for a time. Raises StoreGone where the store cannot be reached."""

    def __init__(self, app: Flask, redis_url: str) -> None:
        options: dict[str, Any] = {"CACHE_KEY_PREFIX": "widget:1:", "CACHE_THRESHOLD": MAX_IN_PROCESS}
        if redis_url:
            kind = "JsonClusterCache" if is_cluster(open_redis(redis_url)) else "JsonRedisCache"
            options |= {"CACHE_TYPE": f"widget.cache.{kind}", "CACHE_REDIS_URL": redis_url}
        else:
            options |= {"CACHE_TYPE": "widget.cache.ProcessCache"}
        cache = FlaskCache(app, config=options)
        self._backend: Any = app.extensions["cache"][cache]

    def connections(self) -> dict[str, float]:
        """The number of this process' connections to Redis, by their state; {} without Redis, and
        in a cluster."""
        client = getattr(self._backend, "_write_client", None)
        pool = None if client is None or is_cluster(client) else client.connection_pool
        return {str(labels["state"]): float(number) for number, labels in pool.get_connection_count()} if pool else {}

    def get_many(self, keys: Sequence[str]) -> dict[str, Any]:
        """The records that are there. One round trip. Raises StoreGone."""
        if not keys:
            return {}
        with _store():
            return _there(keys, self._backend.get_many(*keys))

    def get_raw(self, keys: Sequence[str]) -> tuple[Any, ...]:
        """The records as they are stored, None for what is not there; to compare, and to `read`.
        One round trip. Raises StoreGone."""
        with _store():
            return tuple(self._backend.get_raw(*keys)) if keys else ()

    def read(self, keys: Sequence[str], raw: Sequence[Any]) -> dict[str, Any]:
        """The records in what `get_raw` gave for these keys. No round trip."""
        return _there(keys, self._backend.read(raw))

    def set_many(self, records: Mapping[str, Any], seconds: float) -> None:
        """Keep the records for a time. One round trip. Raises StoreGone."""
        self.set_each({key: (value, seconds) for key, value in records.items()})

    def set_each(self, records: Mapping[str, tuple[Any, float]]) -> None:
        """Keep each record for its own seconds. One round trip. Raises StoreGone."""
        if not records:
            return
        with _store():
            self._backend.set_each({key: (value, _whole(seconds)) for key, (value, seconds) in records.items()})

    def add_many(self, keys: Sequence[str], value: Any, seconds: float) -> list[str]:
        """Set those that are not there already (SET NX). Returns the keys that were set. One round
        trip. Raises StoreGone."""
        with _store():
            return list(self._backend.add_many(keys, value, timeout=_whole(seconds)))

    def add_and_get(
        self, keys: Sequence[str], value: Any, seconds: float, *, wanted: Sequence[str]
    ) -> tuple[list[str], dict[str, Any]]:
        """As `add_many`, and the records of the `wanted` keys as they are after that. One round
        trip. Raises StoreGone."""
        with _store():
            added, found = self._backend.add_and_get(keys, value, _whole(seconds), wanted)
        return added, _there(wanted, found)

    def publish(self, records: Mapping[str, tuple[Any, Any, float]], *, leases: Sequence[str] = ()) -> dict[str, Any]:
        """Keep records (before, record, seconds) where the key still holds what it held `before`
        (None is nothing), and delete the `leases`. For 0 seconds it is only looked. Returns what
        stands under the keys that have changed. One round trip. Raises StoreGone."""
        if not records and not leases:
            return {}
        values = {
            key: (before, new, _whole(seconds) if seconds else 0) for key, (before, new, seconds) in records.items()
        }
        with _store():
            changed: dict[str, Any] = self._backend.publish(values, leases)
        return changed

    def delete_many(self, keys: Sequence[str]) -> None:
        """Forget the records. One round trip. Raises StoreGone."""
        if not keys:
            return
        with _store():
            self._backend.delete_many(*keys)


@contextmanager
def _store() -> Iterator[None]:
    try:
        yield
    except STORE_ERRORS as error:
        raise StoreGone from error


def _there(keys: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    return {key: value for key, value in zip(keys, values, strict=True) if value is not None}


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
