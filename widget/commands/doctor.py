"""`flask doctor`: one page of what is wrong with this installation, each fault with its cure."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from widget import logs
from widget.cache import redis_takes_writes
from widget.health.telling import waiting_of
from widget.redis_clients import STORE_ERRORS, open_redis
from widget.services import services
from widget.storage.database import revisions, takes_writes
from widget.storage.portals import PortalState

if TYPE_CHECKING:
    from widget.services import Services

SKEW_SECONDS = 5.0  # between this host's clock and a store's; leases and turns depend on both
BEAT_SECONDS = 180.0
FREE_MB = 1000  # of a disk that we write to
MB = 10**6
# What a worker still has to do: its name, for how many seconds it may wait, and what to do if it
# waits for longer.
TRIED = "see the worker's log for why its tries fail"
WAITS = {
    "webhook": ("webhooks", 300.0, TRIED),
    "event": ("events", 300.0, TRIED),
    "mirror": ("messages into open lines", 7200.0, "the open line's part of the application's page says why"),
}


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at. `cure` is what to do, "" for what is fine."""

    what: str
    found: str
    cure: str = ""


@logs.work("cli")
def tell() -> None:
    """Ends with 1 when something is wrong. Calls no portal and no gateway; a few queries, some
    Redis round trips."""
    wrong = 0
    for sign in signs(services()):
        wrong += bool(sign.cure)
        click.echo(f"{'WRONG' if sign.cure else 'ok   '} {sign.what}: {sign.found}")
        if sign.cure:
            click.echo(f"      → {sign.cure}")
    click.echo(f"{wrong} to mend." if wrong else "All is well.")
    sys.exit(1 if wrong else 0)


def signs(here: "Services") -> Iterator[Sign]:
    yield from _settings(here)
    yield from _guarded(
        "database", "see DATABASE_URL, and whether the server takes connections", lambda: _database(here)
    )
    if here.infra.config.redis_url:
        yield from _guarded("redis", "see REDIS_URL, and whether the server runs", lambda: _redis(here))
    yield _worker(here)
    yield from _disks(here)
    yield from _guarded("work", "mend the database first", lambda: _work(here))
    yield from _guarded("portals", "mend the database first", lambda: _portals(here))
    yield from _guarded("lines", "mend Redis first", lambda: _lines(here))


def _guarded(what: str, cure: str, look: Callable[[], Iterator[Sign]]) -> Iterator[Sign]:
    """What was found until a store failed; its error by name alone, which holds no address and no
    password."""
    try:
        yield from look()
    except (SQLAlchemyError, *STORE_ERRORS) as error:
        yield Sign(what, f"out of reach ({type(error).__name__})", cure)


def _settings(here: "Services") -> Iterator[Sign]:
    config, host = here.infra.config, urlsplit(here.infra.config.public_url).hostname or ""
    fine = config.public_url.startswith("https://") and "." in host
    yield Sign("PUBLIC_URL", config.public_url or "not set", "" if fine else "set it: https, and a host with a dot")
    proxies = "" if config.trusted_proxies else "set it to the number of proxies in front, or all callers are one"
    yield Sign("TRUSTED_PROXIES", str(config.trusted_proxies), proxies)
    if config.allow_http or config.allow_private_lines:
        yield Sign(
            "ALLOW_HTTP, ALLOW_PRIVATE_LINES",
            f"{config.allow_http}, {config.allow_private_lines}",
            "take them away, unless every portal that may use this service is yours",
        )


def _database(here: "Services") -> Iterator[Sign]:
    with here.storage.engine.connect() as connection:
        at, newest = revisions(connection)
        yield _tables(at, newest)
        yield (
            _clock("database", here.infra.clock() - _now_of(connection))
            if here.storage.engine.dialect.name != "sqlite"
            else Sign("database", "an SQLite file, for one host")
        )
        if here.storage.engine.dialect.name == "postgresql":
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
            yield Sign("database", f"{size / MB:,.0f} MB; how much room its disk has is for its own host to say")
    writes = takes_writes(here.storage.engine)
    yield Sign("database", "takes writes" if writes else "takes no writes", "" if writes else "make room on its disk")


def _tables(at: str | None, newest: str) -> Sign:
    if at and at > newest:
        return Sign("tables", f"at {at}, of a newer version; the code here is the one before, and needs {newest}")
    return Sign("tables", f"at {at}", "" if at == newest else f"run `flask upgrade`: this version needs {newest}")


def _now_of(connection: Connection) -> float:
    return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


def _clock(whose: str, skew: float) -> Sign:
    far = abs(skew) > SKEW_SECONDS
    cure = "run NTP on this host and on that one: work by the clock is shared by it" if far else ""
    return Sign(f"clock of the {whose}", f"{skew:+.1f} s from ours", cure)


def _redis(here: "Services") -> Iterator[Sign]:
    with open_redis(here.infra.config.redis_url) as client:
        seconds, micros = _any(client.time())
        yield _clock("redis", here.infra.clock() - (int(seconds) + int(micros) / 1e6))
        for name, wanted in (("maxmemory-policy", "noeviction"), ("appendonly", "yes")):
            yield _redis_setting(client, name, wanted)
        yield from _memory(client)
    writes = redis_takes_writes(here.infra.config.redis_url)
    cure = "" if writes else "it is a replica, or its memory is full: see maxmemory"
    yield Sign("redis", "takes writes" if writes else "takes no writes", cure)


def _redis_setting(client: Any, name: str, wanted: str) -> Sign:
    try:
        found = client.config_get(name).get(name, "")
    except STORE_ERRORS:  # a managed one may not say
        return Sign(f"redis {name}", f"not told; it should be {wanted}")
    said = found.decode() if isinstance(found, bytes) else str(found)
    return Sign(
        f"redis {name}", said, "" if said == wanted else f"set it to {wanted}: what lines have spent is in there"
    )


def _memory(client: Any) -> Iterator[Sign]:
    """How full Redis is. No finding for a Redis without a bound, or for a cluster, which answers
    server by server."""
    memory = client.info("memory")
    if most := memory.get("maxmemory"):
        share = memory["used_memory"] / most
        cure = "raise maxmemory: a full one takes no writes, and then no check is made" if share > 0.8 else ""
        yield Sign("redis memory", f"{share:.0%} of {most / MB:,.0f} MB", cure)


def _any(answer: Any) -> tuple[int, int]:
    """One server's clock, of a cluster too, which answers server by server."""
    found: tuple[int, int] = next(iter(answer.values())) if isinstance(answer, dict) else answer
    return found


def _worker(here: "Services") -> Sign:
    beat = here.jobs.last_heartbeat()
    age = None if beat is None else here.infra.clock() - beat
    said = "none has run yet" if age is None else f"last said that it runs {age:.0f} s ago"
    late = age is None or age > BEAT_SECONDS
    return Sign("worker", said, "start `flask worker`, with the same settings" if late else "")


def _disks(here: "Services") -> Iterator[Sign]:
    """The free room on this host's disks that hold the database and the queue, where these are
    files."""
    url, config = here.storage.engine.url, here.infra.config
    files = [url.database] if url.get_backend_name() == "sqlite" and url.database else []
    files += [] if config.redis_url else [config.jobs_file]
    for folder in sorted({Path(file).absolute().parent for file in files}):
        if folder.exists():
            free = shutil.disk_usage(folder).free / MB
            cure = "make room: without it nothing is sent, and nothing that clients write is kept"
            yield Sign(f"disk of {folder}", f"{free:,.0f} MB free", cure if free < FREE_MB else "")


def _work(here: "Services") -> Iterator[Sign]:
    now = here.infra.clock()
    for kind, (number, at) in waiting_of(here).items():
        name, most, cure = WAITS[kind]
        age = now - at if number else 0.0
        yield Sign(f"{name} that wait", f"{number}, the oldest for {age:.0f} s", cure if age > most else "")
    unclear = sum(here.storage.sends.count_unclear().values())
    cure = "see docs/incidents.md, «Gateway down»; a rep says what is true of each" if unclear else ""
    yield Sign("sends without a clear end", str(unclear), cure)
    waiting = here.storage.conversations.waits.counts(now)
    long = waiting["an_hour"] + waiting["a_day"]
    yield Sign("clients who wait", f"{sum(waiting.values())}, {long} of them for more than an hour; their reps' to do")


def _portals(here: "Services") -> Iterator[Sign]:
    portals = here.storage.portals.all()
    closed = [portal.member_id for portal in portals if portal.state is PortalState.CLOSED]
    advice = "`flask portal check <member_id>` says why; a page that its people open opens it again" if closed else ""
    yield Sign("closed portals", _some(closed), advice)
    gone = here.storage.lines.stopped()
    stopped = [portal.member_id for portal in portals if portal.id in gone and portal.state is PortalState.ACTIVE]
    advice = "an administrator chooses the open line anew on the application's page" if stopped else ""
    yield Sign("portals whose open line is gone", _some(stopped), advice)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "") or "none"


def _lines(here: "Services") -> Iterator[Sign]:
    states = here.presence.rounds.states()
    said = ", ".join(f"{number:.0f} {state}" for state, number in sorted(states.items())) or "no round was heard lately"
    bad = sum(number for state, number in states.items() if state != "ready")
    yield Sign(
        "lines", said, "`flask portal check <member_id>` says which, the page of the line what to do" if bad else ""
    )
    if here.presence.rounds.budgets().get("unknown"):
        yield Sign("budgets", "cannot be counted", "mend Redis or the database: no check is made meanwhile")
