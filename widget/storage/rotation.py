"""Seal everything anew with the first of ENCRYPTION_KEYS, and find ignored clients by the present
SECRET_KEY, so that older keys can be taken away."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Engine, delete, select, tuple_, update

from widget.keys import PhoneKeys
from widget.storage.schema import (
    client_names,
    events,
    filled_items,
    ignored,
    inbox,
    kept_files,
    lines,
    messages,
    mirrored,
    portals,
    replies,
    scheduled,
    sends,
    tokens,
)
from widget.storage.secret_box import DecryptionError, SecretBox
from widget.storage.upsert import insert_into

SEALED: tuple[Column[str], ...] = (
    tokens.c.access,
    tokens.c.refresh,
    lines.c.key,
    lines.c.hook_secret,
    messages.c.body,
    sends.c.text,
    inbox.c.sealed,
    mirrored.c.sealed,
    ignored.c.sealed,
    client_names.c.sealed,
    filled_items.c.sealed,
    replies.c.sealed,
    scheduled.c.sealed,
    kept_files.c.sealed,
    portals.c.application_token,
)
ROWS = 200  # in one transaction: a writer beside us waits for no more
LARGE = {kept_files: 4}  # rows whose values are megabytes


@dataclass
class Reencrypted:
    """Counts of one column: sealed anew, done before, and opened by no key that is set."""

    anew: int = 0
    before: int = 0
    lost: int = 0


def reencrypt_everything(engine: Engine, secret_box: SecretBox) -> Mapping[str, Reencrypted]:
    """Counts by "table.column". May be interrupted and repeated; the service may run meanwhile.

    A value that was changed in between is left as it is: its writer sealed it with the first key
    themselves.
    """
    counts = {f"{column.table.name}.{column.name}": _reencrypt(engine, secret_box, column) for column in SEALED}
    waiting = events.c.body.like('%"sealed"%') & (events.c.done_at == 0)
    return {**counts, "events.body": _reencrypt(engine, secret_box, events.c.body, waiting, _event_resealed)}


def rekey_ignored(engine: Engine, secret_box: SecretBox, keys: PhoneKeys) -> Reencrypted:
    """Find ignored clients by keys of the present SECRET_KEY, so that older ones can be taken away.
    May be repeated. One query for 200 clients, and two statements for each that changes."""
    counts, last = Reencrypted(), 0
    while True:
        query = select(ignored).where(ignored.c.id > last).order_by(ignored.c.id).limit(ROWS)
        with engine.begin() as connection:
            rows = connection.execute(query).all()
            for row in rows:
                client, same = secret_box.decrypt_or_empty(row.sealed), ignored.c.id == row.id
                key = keys.key(row.portal_id, client)
                if not client:
                    counts.lost += 1
                elif key == row.client_key:
                    counts.before += 1
                elif connection.execute(delete(ignored).where(same)).rowcount:  # else it was taken off meanwhile
                    again = {**row._mapping, "client_key": key}
                    connection.execute(insert_into(connection, ignored).values(again).on_conflict_do_nothing())
                    counts.anew += 1
        if not rows:
            return counts
        last = rows[-1].id


def _event_resealed(secret_box: SecretBox, body: str) -> str:
    """What waits for its work with something to be sealed is JSON with one sealed field."""
    fields = json.loads(body)
    anew = secret_box.reencrypt(fields["sealed"])
    return body if anew == fields["sealed"] else json.dumps({**fields, "sealed": anew})


def _reencrypt(
    engine: Engine,
    secret_box: SecretBox,
    column: Column[str],
    which: ColumnElement[bool] | None = None,
    reencrypt: Callable[[SecretBox, str], str] = lambda secret_box, sealed: secret_box.reencrypt(sealed),
) -> Reencrypted:
    counts = Reencrypted()
    table = column.table
    which = column != "" if which is None else which
    key = tuple_(*table.primary_key)
    last: tuple[int, ...] | None = None
    while True:
        query = (
            select(*table.primary_key, column).where(which).order_by(*table.primary_key).limit(LARGE.get(table, ROWS))
        )
        if last is not None:
            query = query.where(key > last)
        with engine.begin() as connection:
            rows = connection.execute(query).all()
            for *row_key, sealed in rows:
                try:
                    anew = reencrypt(secret_box, sealed)
                except DecryptionError:
                    counts.lost += 1
                    continue
                if anew == sealed:
                    counts.before += 1
                    continue
                same = (key == tuple(row_key)) & (column == sealed)
                counts.anew += connection.execute(update(table).where(same).values({column: anew})).rowcount
        if not rows:
            return counts
        last = tuple(rows[-1][:-1])
