"""What the stores tell an operator: how the lines are, what waits and for how long, what the clock
last did."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from widget.cache import redis_takes_writes
from widget.metrics import LiveGauge
from widget.storage.database import takes_writes
from widget.storage.tries import oldest_waiting

if TYPE_CHECKING:
    from widget.services import Services


def gauges_of(here: "Services") -> list[LiveGauge]:
    """The gauges that a scrape reads: a few small queries and one Redis round trip. None is about a
    portal or client."""
    engine, clock = here.storage.engine, here.infra.clock
    return [
        LiveGauge("widget_store_up", "Whether a store answers and takes writes", "store", lambda: _stores(here)),
        LiveGauge("widget_waiting_clients", "Clients who wait, by how long", "waited", lambda: _clients(here)),
        LiveGauge("widget_unclear_sends", "Sends that have no clear end", "state", lambda: _unclear(here)),
        LiveGauge("widget_lines", "Lines in use, as the last round found them", "state", here.presence.rounds.states),
        LiveGauge(
            "widget_line_budgets", "Lines by what is left of their checks today", "left", here.presence.rounds.budgets
        ),
        LiveGauge("widget_waiting", "Rows that wait for a worker", "kind", lambda: _counts(here)),
        LiveGauge("widget_oldest_waiting_seconds", "How long the oldest has waited", "kind", lambda: _ages(here)),
        LiveGauge("widget_queue_length", "Tasks in the queue", "", lambda: {"": float(here.jobs.length())}),
        LiveGauge(
            "widget_worker_age_seconds",
            "Since a worker last said that it runs",
            "",
            _age(clock, here.jobs.last_heartbeat),
        ),
        LiveGauge(
            "widget_webhook_age_seconds",
            "Since the last webhook of any line",
            "",
            _age(clock, here.storage.line_health.last_hook),
        ),
        LiveGauge(
            "widget_turn_age_seconds", "Since what is done by the clock last ended", "name", lambda: _turns(here)
        ),
        LiveGauge("widget_database_connections", "Of this process", "state", lambda: _pool(engine.pool)),
        LiveGauge("widget_redis_connections", "Of the cache of this process", "state", here.infra.cache.connections),
    ]


def stores_of(here: "Services") -> dict[str, bool]:
    """The stores that the service cannot do without: whether each answers and takes writes. One
    small query each."""
    return {
        "database": takes_writes(here.storage.engine),
        "cache": redis_takes_writes(here.infra.config.redis_url),
        "queue": here.jobs.reachable(),
    }


def _stores(here: "Services") -> Mapping[str, float]:
    return {name: float(answers) for name, answers in stores_of(here).items()}


def _clients(here: "Services") -> Mapping[str, float]:
    return here.storage.conversations.waits.counts(here.infra.clock())


def _unclear(here: "Services") -> Mapping[str, float]:
    return {state.value: number for state, number in here.storage.sends.count_unclear().items()}


def waiting_of(here: "Services") -> dict[str, tuple[int, float]]:
    """By kind, what a worker still has to do: how much, and since when (unix seconds, 0 if none).
    Three queries."""
    return {**oldest_waiting(here.storage.engine), "mirror": here.storage.mirrors.waiting()}


def _counts(here: "Services") -> Mapping[str, float]:
    return {kind: number for kind, (number, _at) in waiting_of(here).items()}


def _ages(here: "Services") -> Mapping[str, float]:
    now = here.infra.clock()
    return {kind: max(0.0, now - at) if number else 0.0 for kind, (number, at) in waiting_of(here).items()}


def _age(clock: Callable[[], float], when: Callable[[], float | None]) -> Callable[[], Mapping[str, float]]:
    """A gauge of the seconds since `when`; without a value if that never was."""

    def read() -> Mapping[str, float]:
        at = when()
        return {"": max(0.0, clock() - at)} if at else {}

    return read


def _turns(here: "Services") -> Mapping[str, float]:
    now = here.infra.clock()
    turns = here.storage.turns.all()
    return {turn.name: max(0.0, now - turn.ended_at) for turn in turns if turn.ended_at}


def _pool(pool: object) -> Mapping[str, float]:
    """Connections of SQLAlchemy's pool by state; none of a test's pool, which may count nothing."""
    names = {"used": "checkedout", "idle": "checkedin", "overflow": "overflow"}
    counts = {state: getattr(pool, name, None) for state, name in names.items()}
    return {state: float(max(0, count())) for state, count in counts.items() if count}
