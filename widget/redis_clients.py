"""A client for what REDIS_URL names: one server, a master that sentinels know, or a cluster.

    redis://user:password@host:6379/0       rediss://…  with TLS       unix:///path/to/socket
    redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0  rediss+sentinel://…
    redis+cluster://user:password@host1:6379,host2:6379                rediss+cluster://…

User and password are those of the servers (ACL). Options of redis-py may follow, such as
`?ssl_ca_certs=/etc/ca.pem`; `sentinel_username` and `sentinel_password` are the sentinels' own,
which have none unless they are given.
"""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import redis
from redis._parsers.encoders import Encoder
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.commands.core import Script
from redis.connection import parse_url
from redis.exceptions import ReadOnlyError, RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection, SentinelManagedSSLConnection

SENTINEL_PORT, PORT = 26_379, 6379
# After a failover that moves the address, our connections still lead to the old master: a replica
# now, which answers and refuses to write, and so has done nothing. Such a connection is made anew,
# and its command sent once more.
AFTER_FAILOVER = Retry(NoBackoff(), 1, supported_errors=(ReadOnlyError,))
# redis-py waits 5 s a command and tries ten times by default; a card would rather say «unknown» at
# once.
REDIS_OPTIONS: dict[str, Any] = {
    "socket_timeout": 0.3,
    "socket_connect_timeout": 0.3,
    "retry": AFTER_FAILOVER,
}

# All that a store which cannot be reached raises; the second is redis-py's for a cluster without
# servers.
STORE_ERRORS = (RedisError, RedisClusterException)


def open_redis(url: str, **options: Any) -> "redis.Redis":
    """A client that connects with its first command. `options` are redis-py's, instead of ours.
    Raises ValueError for a malformed address."""
    scheme, _, kind = urlsplit(url).scheme.partition("+")
    if kind not in ("", "sentinel", "cluster"):
        raise ValueError(f"no kind of Redis: {kind}")
    options = {**REDIS_OPTIONS, **options}
    if not kind:
        return redis.Redis.from_url(url, **options)
    hosts, path, given = _read(url, scheme)
    if kind == "sentinel":
        return _behind_sentinels(hosts, path, options | given)
    nodes = [ClusterNode(host, port) for host, port in hosts]  # type: ignore[no-untyped-call]
    # It follows a slot that has moved; that is its second try, and there is no third.
    of_cluster = options | given | {"retry": Retry(NoBackoff(), 1)}
    return Cluster(lambda: RedisCluster(startup_nodes=nodes, **of_cluster))  # type: ignore[return-value]


def is_cluster(client: object) -> bool:
    """Whether keys of one command must be in one slot."""
    return isinstance(client, Cluster)


class Cluster:
    """A cluster's client that is made with its first command: redis-py's asks the servers who they
    are when it is made, and a service starts before its Redis."""

    def __init__(self, make: Callable[[], RedisCluster]) -> None:
        self._make = make
        self._made: RedisCluster | None = None
        self._lock = threading.Lock()

    def register_script(self, script: str) -> Script:
        return Script(self, script)  # type: ignore[arg-type]

    def get_encoder(self) -> Encoder:
        return Encoder("utf-8", "strict", decode_responses=False)  # type: ignore[no-untyped-call]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client(), name)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            made, self._made = self._made, None
        if made:
            made.close()

    def _client(self) -> RedisCluster:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


def _behind_sentinels(hosts: list[tuple[str, int]], path: str, options: dict[str, Any]) -> "redis.Redis":
    master, _, database = path.strip("/").partition("/")
    if not master or not (database or "0").isdecimal():
        raise ValueError("sentinels need the name of their master: …/mymaster/0")
    own: dict[str, Any] = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    shared = {name: value for name, value in options.items() if name.startswith(("ssl", "socket"))}
    own["retry"] = Retry(NoBackoff(), 0)
    sentinel: Any = Sentinel(hosts, sentinel_kwargs={**shared, **own}, **options)  # type: ignore[no-untyped-call]
    kind = _InStepSSL if options.get("ssl") else _InStep
    client: redis.Redis = sentinel.master_for(master, db=int(database or 0), connection_class=kind)
    return client


class _InStep(SentinelManagedConnection):
    """A connection that is thrown away where an answer did not come in time, as redis-py's others
    are. Its own for sentinels is kept (redis 8.1.0), and the answer, when it comes, is taken for
    that of the next question."""

    def read_response(
        self, disable_decoding: bool = False, *, disconnect_on_error: bool | None = True, **options: Any
    ) -> Any:
        return super().read_response(disable_decoding, disconnect_on_error=disconnect_on_error, **options)


class _InStepSSL(_InStep, SentinelManagedSSLConnection):
    pass


def _read(url: str, scheme: str) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """Hosts, what comes after them, and options. redis-py reads each host as an address of its
    own."""
    split = urlsplit(url)
    user, at, places = split.netloc.rpartition("@")
    addresses = [f"{scheme}://{user}{at}{place}?{split.query}" for place in places.split(",")]
    read: list[dict[str, Any]] = [parse_url(each) for each in addresses]  # type: ignore[no-untyped-call]
    default = SENTINEL_PORT if split.scheme.endswith("sentinel") else PORT
    hosts = [(each.get("host", ""), each.get("port", default)) for each in read]
    if not all(host for host, _port in hosts):
        raise ValueError("a host is missing")
    options = {name: value for name, value in read[0].items() if name not in ("host", "port", "connection_class")}
    return hosts, split.path, options | ({"ssl": True} if scheme == "rediss" else {})
