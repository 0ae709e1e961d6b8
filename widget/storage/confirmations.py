"""What each portal has confirmed by an answer: methods it answered, events and placements it bound
or named.

What this service knows of Bitrix24 is read in its docs and modules; this table has what real
portals confirmed. It is written beside the REST log, from the same answers, and kept when the log
is wiped.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from sqlalchemy import Connection, insert, select

from widget.storage.schema import confirmations
from widget.untrusted import as_dict, as_rows

MAX_NAME = 80  # characters of a name
_BINDS = {"event.bind": "event", "placement.bind": "PLACEMENT"}
_LISTS = {"event.get": "event", "placement.get": "placement"}


def read_all(connection: Connection, portal_id: int) -> dict[str, float]:
    """Names with when each was first confirmed. One query."""
    query = select(confirmations.c.name, confirmations.c.at).where(confirmations.c.portal_id == portal_id)
    return {row.name: row.at for row in connection.execute(query)}


def write_news(connection: Connection, portal_id: int, confirmed: Iterable[str], at: float) -> None:
    """Add what was not confirmed yet. One query, and a statement where there is news."""
    news = sorted(set(confirmed) - read_all(connection, portal_id).keys())
    if news:
        rows = [{"portal_id": portal_id, "name": name, "at": at} for name in news]
        connection.execute(insert(confirmations), rows)


def confirmed_by(method: str, request: Any, answer: bytes) -> set[str]:
    """The names that an answer confirms (pure): of a batch those of the commands that have a
    result."""
    try:
        body = as_dict(json.loads(answer))
    except (ValueError, RecursionError):
        return set()
    if "result" not in body:
        return set()
    found = {method}
    if method == "batch":
        results = as_dict(as_dict(body["result"]).get("result"))
        commands = as_dict(as_dict(request).get("cmd"))
        for key in results.keys() & commands.keys():
            name, _, query = str(commands[key]).partition("?")
            found |= {name, *_named(name, parse_qs(query), results[key])}
    return {name for name in found if len(name) <= MAX_NAME and name.isascii()}


def _named(method: str, parameters: Mapping[str, list[str]], result: Any) -> Iterator[str]:
    """The events and placements that a command was about."""
    if method in _BINDS:
        yield from parameters.get(_BINDS[method], ())
    if method in _LISTS:
        yield from (str(row.get(_LISTS[method])) for row in as_rows(result) if isinstance(row, dict))
