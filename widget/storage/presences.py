"""What is known of numbers, so that a restart costs no check: records under a keyed hash, without a
number.

What a record says is the business of presence/records.py; here it is JSON with an end.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlalchemy import Engine, bindparam, select

from widget.storage.pruning import prune
from widget.storage.schema import presences
from widget.storage.upsert import insert_into

# Built once: each cold card asks for it.
_OF_PHONES = select(presences.c.phone_key, presences.c.record).where(
    presences.c.portal_id == bindparam("portal_id"),
    presences.c.network == bindparam("network"),
    presences.c.phone_key.in_(bindparam("phone_keys", expanding=True)),
    presences.c.until > bindparam("now"),
)


class Presences:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def get_many(self, portal_id: int, network: str, phone_keys: Collection[str]) -> dict[str, Any]:
        """The records that are there and not over, by phone key. One query."""
        wanted = {"portal_id": portal_id, "network": network, "phone_keys": list(phone_keys), "now": self._clock()}
        with self._engine.connect() as connection:
            return {row.phone_key: json.loads(row.record) for row in connection.execute(_OF_PHONES, wanted)}

    def put_many(self, portal_id: int, network: str, records: Mapping[str, tuple[Any, float]]) -> None:
        """Keep each record until its time, instead of the one there was. One transaction, one
        upsert."""
        if not records:
            return
        rows = [
            {
                "portal_id": portal_id,
                "network": network,
                "phone_key": phone_key,
                "record": json.dumps(record, separators=(",", ":")),
                "until": until,
            }
            for phone_key, (record, until) in sorted(records.items())  # in one order, so that two writers do not block
        ]
        with self._engine.begin() as connection:
            insert = insert_into(connection, presences)
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=[presences.c.portal_id, presences.c.network, presences.c.phone_key],
                    set_={"record": insert.excluded.record, "until": insert.excluded.until},
                ),
                rows,
            )

    def purge(self) -> None:
        """Delete what is over; nightly."""
        prune(self._engine, presences, presences.c.until <= self._clock())
