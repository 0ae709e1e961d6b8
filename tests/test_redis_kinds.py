"""A Redis behind sentinels, and a cluster of two servers: the same widget, by REDIS_URL alone."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis

from ratelimit import Window
from sandbox.portal.background import free_ports
from sandbox.valkey import Valkey
from tests.sentinel import MASTER, Sentinel
from tests.stand import Clock, Widget, until
from widget import infrastructure
from widget.jobs.queue import Jobs, open_queue
from widget.redis_clients import open_redis

pytestmark = pytest.mark.redis

ORDERS_ROW = "+7 926 111-22-33"


@pytest.mark.parametrize(
    "address",
    [
        "redis+sentinel://anna:p%40ss@one,two:26380/mymaster/3?ssl_ca_certs=/etc/ca.pem",
        "rediss+sentinel://anna:p%40ss@one,two:26380/mymaster/3?ssl_ca_certs=/etc/ca.pem",
    ],
)
def test_sentinels_are_asked_for_the_master_with_its_user_database_and_tls(address: str) -> None:
    pool = open_redis(address).connection_pool
    told = pool.connection_kwargs
    assert (told["username"], told["password"], told["db"]) == ("anna", "p@ss", 3)
    assert told["ssl_ca_certs"] == "/etc/ca.pem"
    assert "SSL" in pool.connection_class.__name__ if address.startswith("rediss") else True
    sentinels = [each.connection_pool.connection_kwargs for each in pool.sentinel_manager.sentinels]
    assert [(each["host"], each["port"]) for each in sentinels] == [("one", 26_379), ("two", 26_380)]
    assert {each["password"] for each in sentinels} == {None}


def test_a_user_of_the_server_and_tls_are_in_the_address() -> None:
    told = open_redis("rediss://anna:secret@one:6380/1").connection_pool
    assert told.connection_class is redis.SSLConnection
    assert told.connection_kwargs["username"] == "anna"


@pytest.mark.parametrize(
    "address",
    [
        "redis+sentinel://one,two",
        "redis+sentinel://one/m/x",
        "redis+foo://one",
        "unix+cluster://one",
        "redis+cluster://one,,two",
    ],
)
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(ValueError):
        open_redis(address)


@pytest.fixture
def cluster() -> Iterator[str]:
    """Two servers, each with half of the slots."""
    with ExitStack() as stack:
        ports = free_ports(4)  # two for what the servers say to each other
        options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "60000"]
        servers = [
            stack.enter_context(Valkey(port=port, options=[*options, "--cluster-port", str(bus)]))
            for port, bus in zip(ports[:2], ports[2:], strict=True)
        ]
        clients = [stack.enter_context(redis.Redis.from_url(server.url)) for server in servers]
        for client, (first, last) in zip(clients, ((0, 8191), (8192, 16_383)), strict=True):
            client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", clients.index(client) + 1)
        bus = int(clients[1].config_get("cluster-port")["cluster-port"])
        clients[0].execute_command("CLUSTER MEET", "127.0.0.1", ports[1], bus)
        until(lambda: all(client.cluster("INFO")["cluster_state"] == "ok" for client in clients))
        yield f"redis+cluster://127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"


def test_a_card_is_checked_counted_and_remembered_in_a_cluster(
    make_widget: Callable[..., Widget], cluster: str, clock: Clock
) -> None:
    widget = make_widget(redis_url=cluster)
    card = widget.open().reveal()
    assert card.check().rows[ORDERS_ROW] == "yes"

    other = widget.twin()
    widget.outside.reset()
    assert other.open().reveal().rows[ORDERS_ROW] == "yes"
    assert "check-exists" not in widget.outside.calls()
    assert all(widget.app.test_client().get("/health/ready").get_json().values())

    jobs, done = Jobs(lambda: open_queue(redis_url=cluster, file="", secret="s" * 40), clock), list[int]()
    jobs.register("event", done.append)
    jobs.enqueue("event", 7)
    jobs.queue.execute(jobs.queue.dequeue())
    jobs.heartbeat()
    assert (done, jobs.last_heartbeat()) == ([7], clock.now)


def test_a_cluster_that_is_not_there_is_not_ready_and_fails_no_card(make_widget: Callable[..., Widget]) -> None:
    widget = make_widget(redis_url="redis+cluster://127.0.0.1:1")
    assert widget.app.test_client().get("/health/ready").get_json()["cache"] is False
    card = widget.open().reveal()
    assert card.answer.status_code == 200
    assert card.check([card.keys[ORDERS_ROW]]).rows[ORDERS_ROW] == "cannot_count"


@pytest.mark.parametrize("usual", [True, False], ids=["the usual clock", "a clock that was handed in"])
def test_permits_are_counted_by_the_clock_of_the_store_unless_another_one_is_handed_in(
    make_widget: Callable[..., Widget], redis_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, usual: bool
) -> None:
    if usual:
        monkeypatch.setattr(infrastructure, "time", SimpleNamespace(time=clock))
    limiter = make_widget(redis_url=redis_url).services.infra.limiter("test", [Window(limit=1, seconds=60)])
    assert limiter.acquire("key").granted == 1
    clock.forward(61)
    assert limiter.acquire("key").granted == (0 if usual else 1)


def test_an_answer_that_comes_too_late_answers_no_later_question(tmp_path: Path) -> None:
    at, watched = free_ports(2)
    with (
        Valkey(port=watched),
        Sentinel(tmp_path, port=at, master=watched),
        open_redis(f"redis+sentinel://127.0.0.1:{at}/{MASTER}", socket_timeout=2) as client,
    ):
        client.set("key", "its own")
        with pytest.raises(redis.TimeoutError):
            client.blpop(["nothing"])
        assert client.get("key") == b"its own"


def test_sentinels_lead_to_the_new_master_after_a_failover(make_widget: Callable[..., Widget], tmp_path: Path) -> None:
    with ExitStack() as stack:
        ports = free_ports(3)
        master = stack.enter_context(Valkey(port=ports[0]))
        replica = stack.enter_context(Valkey(port=ports[1], options=["--replicaof", f"127.0.0.1 {ports[0]}"]))
        stack.enter_context(Sentinel(tmp_path, port=ports[2], master=ports[0]))
        sentinel = stack.enter_context(redis.Redis(port=ports[2]))
        until(lambda: sentinel.sentinel_master(MASTER)["num-slaves"] == 1)
        widget = make_widget(redis_url=f"redis+sentinel://127.0.0.1:{ports[2]}/{MASTER}")
        assert widget.open().reveal().answer.status_code == 200

        until(lambda: promotes(sentinel))
        copy = stack.enter_context(redis.Redis.from_url(replica.url))
        until(lambda: leads(copy))
        master.stop()

        until(lambda: widget.app.test_client().get("/health/ready").get_json()["cache"])
        assert widget.open().reveal().check().rows[ORDERS_ROW] == "yes"


def leads(server: redis.Redis) -> bool:
    try:
        return bool(server.info("replication")["role"] == "master")
    except redis.ConnectionError:  # it is closed by the sentinel that changes the server's role
        return False


def promotes(sentinel: redis.Redis) -> bool:
    """Whether it takes the order; not before it has heard that the replica is fit to be the
    master."""
    try:
        sentinel.sentinel_failover(MASTER)
    except redis.ResponseError as error:
        assert "NOGOODSLAVE" in str(error)
        return False
    return True
