"""Webhooks of gateways that wait for work. The row is the truth; a queue only wakes the worker.

A row is deleted with its work: it holds clients' words, and they are in the messages then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine, delete, select, update

from widget.storage.pruning import prune
from widget.storage.rows import reader
from widget.storage.schema import inbox
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.tries import MAX_ERROR, due, put_back, take
from widget.storage.upsert import insert_into

KEPT_SECONDS = 7 * 86_400.0  # of a webhook that no try could work on


@dataclass(frozen=True)
class Webhook:
    """`told` is JSON of our events, "" where no key opens it; `attempts` counts the running one."""

    id: int
    portal_id: int
    line_id: int
    events: str = field(repr=False)
    attempts: int


class Inbox:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock
        self._webhook = reader(Webhook, inbox, columns={"events": "sealed"}, events=secret_box.decrypt_or_empty)

    def add(self, portal_id: int, line_id: int, events: str) -> int:
        """Store what a verified webhook told. Returns the row's id. One statement."""
        sealed = self._secret_box.encrypt(events)
        values = {"portal_id": portal_id, "line_id": line_id, "sealed": sealed, "received_at": self._clock()}
        with transaction(self._engine) as connection:
            row = insert_into(connection, inbox).values(values).returning(inbox.c.id)
            return int(connection.execute(row).scalar_one())

    def take(self, webhook_id: int) -> Webhook | None:
        """A webhook that is due, for this caller alone; None if it is done, given up, not due yet
        or taken. One statement."""
        with transaction(self._engine) as connection:
            row = take(connection, inbox, inbox.c.id == webhook_id, self._clock())
        return self._webhook(row) if row else None

    def due(self, limit: int = 100) -> list[int]:
        """The ids of webhooks whose next try has come, those first that wait for it longest. One
        query."""
        order = inbox.c.next_try_at, inbox.c.id
        query = select(inbox.c.id).where(due(inbox, self._clock())).order_by(*order).limit(limit)
        with transaction(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def drop(self, webhook_id: int) -> None:
        """Delete a webhook that was worked on. One statement."""
        with transaction(self._engine) as connection:
            connection.execute(delete(inbox).where(inbox.c.id == webhook_id))

    def fail(self, webhook_id: int, error: str) -> None:
        """Note why it was not worked on; it comes up again until its tries are used up. One
        statement."""
        with transaction(self._engine) as connection:
            connection.execute(update(inbox).where(inbox.c.id == webhook_id).values(error=error[:MAX_ERROR]))

    def put_back(self, webhook: Webhook) -> None:
        """Leave it to a worker of a newer version. One statement."""
        put_back(self._engine, inbox.c.id, webhook.id, webhook.attempts, self._clock())

    def forget_old(self) -> int:
        """Delete what came a week ago and was given up; nightly. Returns how many."""
        return prune(self._engine, inbox, inbox.c.received_at < self._clock() - KEPT_SECONDS)
