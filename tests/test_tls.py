"""PostgreSQL and Redis over TLS, with a user of Redis that may do no more than the widget does."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from sqlalchemy.exc import OperationalError

from sandbox.portal.background import free_port, free_ports
from sandbox.postgres import Postgres
from sandbox.valkey import Valkey
from tests.sentinel import MASTER, Sentinel
from tests.stand import MIGRATED, Clock, Widget, until
from tests.tls import Authority, as_postgresql, door
from widget.jobs.queue import Jobs, open_queue
from widget.storage.database import open_database

MakeWidget = Callable[..., Widget]
pytestmark = pytest.mark.redis

ORDERS_ROW = "+7 926 111-22-33"
RIGHTS = "~* -@all +@read +@write +@connection +@scripting +@transaction +time -@dangerous +cluster|slots"


def test_the_rights_that_are_documented_are_these() -> None:
    paper = Path(__file__).parent.parent / "docs/deploying.md"
    assert RIGHTS in paper.read_text().replace("\\|", "|")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def one(authority: Authority) -> Iterator[tuple[Valkey, str]]:
    with Valkey() as server, door(authority.context("localhost"), server.socket) as port:
        yield server, f"rediss://anna:secret@localhost:{port}/0?ssl_ca_certs={authority.file}"


@pytest.fixture
def cluster(authority: Authority) -> Iterator[tuple[Valkey, str]]:
    """A cluster of one server, which tells its clients to come by its door."""
    with ExitStack() as stack:
        own, bus = free_ports(2)
        options = ["--cluster-enabled", "yes", "--cluster-port", str(bus)]
        server = Valkey(port=own, options=options)
        port = stack.enter_context(door(authority.context("localhost"), server.socket))
        options += ["--cluster-announce-port", str(port), "--cluster-announce-hostname", "localhost"]
        options += ["--cluster-preferred-endpoint-type", "hostname"]
        stack.enter_context(server)
        with redis.Redis.from_url(server.url) as client:
            client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16_383)
            until(lambda: client.cluster("INFO")["cluster_state"] == "ok")
        yield server, f"rediss+cluster://anna:secret@localhost:{port}?ssl_ca_certs={authority.file}"


@pytest.fixture
def sentinel(authority: Authority, tmp_path: Path) -> Iterator[tuple[Valkey, str]]:
    """A sentinel that speaks TLS with us, and names a master that does."""
    with ExitStack() as stack:
        server, context = stack.enter_context(Valkey()), authority.context("localhost")
        master = stack.enter_context(door(context, server.socket, plain_too=True))
        watcher = stack.enter_context(Sentinel(tmp_path, port=free_port(), master=master))
        port = stack.enter_context(door(context, watcher.socket))
        address = f"rediss+sentinel://anna:secret@localhost:{port}/{MASTER}?ssl_ca_certs={authority.file}"
        yield server, address


@pytest.mark.parametrize("kind", ["one", "cluster", "sentinel"])
def test_a_redis_with_tls_and_a_user_of_few_rights_is_all_that_the_widget_needs(
    request: pytest.FixtureRequest, make_widget: MakeWidget, clock: Clock, kind: str
) -> None:
    server, address = request.getfixturevalue(kind)
    with redis.Redis.from_url(server.url) as client:
        client.execute_command("ACL SETUSER anna on >secret", *RIGHTS.split())
    widget = make_widget(redis_url=address)
    assert widget.open().reveal().check().rows[ORDERS_ROW] == "yes"
    other = widget.twin()
    widget.outside.reset()
    assert other.open().reveal().rows[ORDERS_ROW] == "yes"
    assert "check-exists" not in widget.outside.calls()
    assert all(widget.app.test_client().get("/health/ready").get_json().values())
    assert 'widget_store_up{store="cache"} 1.0' in widget.app.test_client().get("/metrics").get_data(as_text=True)

    jobs, done = Jobs(lambda: open_queue(redis_url=address, file="", secret="s" * 40), clock), list[int]()
    jobs.register("event", done.append)
    jobs.enqueue("event", 7)
    jobs.queue.execute(jobs.queue.dequeue())
    jobs.heartbeat()
    assert (done, jobs.length(), jobs.last_heartbeat()) == ([7], 0, clock.now)


def test_a_sentinel_whose_certificate_is_not_to_be_trusted_is_not_believed(
    make_widget: MakeWidget, authority: Authority, stranger: Authority, tmp_path: Path, valkey: Valkey, redis_url: str
) -> None:
    with (
        door(authority.context("localhost"), valkey.socket, plain_too=True) as master,
        Sentinel(tmp_path, port=free_port(), master=master) as watcher,
        door(stranger.context("localhost"), watcher.socket) as port,
    ):
        address = f"rediss+sentinel://localhost:{port}/{MASTER}?ssl_ca_certs={authority.file}"
        widget = make_widget(redis_url=address)
        assert widget.app.test_client().get("/health/ready").get_json()["cache"] is False


@pytest.mark.parametrize("name", ["localhost", "another.example"])
def test_a_redis_whose_certificate_is_not_to_be_trusted_is_told_nothing(
    make_widget: MakeWidget, valkey: Valkey, redis_url: str, authority: Authority, stranger: Authority, name: str
) -> None:
    signed = stranger if name == "localhost" else authority
    with door(signed.context(name), valkey.socket) as port:
        widget = make_widget(redis_url=f"rediss://localhost:{port}?ssl_ca_certs={authority.file}")
        assert widget.app.test_client().get("/health/ready").get_json()["cache"] is False
        card = widget.open().reveal()
        assert card.check([card.keys[ORDERS_ROW]]).rows[ORDERS_ROW] == "cannot_count"


def over_tls(postgres: Postgres, database: str, port: int, trusted: Path) -> str:
    user = postgres.url(database).split("@")[0]
    return f"{user}@localhost:{port}/{database}?sslmode=verify-full&sslrootcert={trusted}"


def test_a_card_is_opened_and_a_message_sent_over_a_postgresql_with_tls(
    make_widget: MakeWidget, postgres: Postgres, authority: Authority
) -> None:
    name = postgres.new_database(copy_of=MIGRATED)
    with door(authority.context("localhost"), postgres.socket, as_postgresql) as port:
        widget = make_widget(database=over_tls(postgres, name, port, authority.file))
        card = widget.open(lang="en").reveal()
        chat = card.open_chat(card.keys[ORDERS_ROW]).chat
        assert "is-sent" in card.send(chat, "Добрый день", "key-1").text
        widget.services.storage.usage.flush()
        widget.services.storage.engine.dispose()
    postgres.drop(name)


@pytest.mark.parametrize("name", ["localhost", "another.example"])
def test_a_postgresql_whose_certificate_is_not_to_be_trusted_is_told_nothing(
    postgres: Postgres, authority: Authority, stranger: Authority, name: str
) -> None:
    signed = stranger if name == "localhost" else authority
    with door(signed.context(name), postgres.socket, as_postgresql) as port:
        engine = open_database(over_tls(postgres, MIGRATED, port, authority.file))
        with pytest.raises(OperationalError, match="certificate"):
            engine.connect()
        engine.dispose()
