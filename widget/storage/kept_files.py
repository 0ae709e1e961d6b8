"""Files that wait: of quick replies and of messages that go out later. Sealed, counted, and gone
with what they are for."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Column, ColumnElement, Engine, delete, func, insert, select

from widget.storage.schema import kept_files
from widget.storage.secret_box import DecryptionError, SecretBox
from widget.storage.transaction import transaction

log = logging.getLogger(__name__)

MAX_FILE = 8 * 1024 * 1024  # bytes of one file: it lies in the database, a third larger
MAX_TOTAL = 200 * 1024 * 1024  # bytes of one portal
MAX_OF_REPLY = 3
_SHOWN = (kept_files.c.id, kept_files.c.name, kept_files.c.mimetype, kept_files.c.size)


@dataclass(frozen=True)
class KeptFile:
    """`size` is bytes; `body` is read only where it is asked for by `open`."""

    name: str
    mimetype: str
    size: int
    id: int = 0
    body: bytes = field(default=b"", repr=False)


class KeptFiles:
    def __init__(self, engine: Engine, secret_box: SecretBox) -> None:
        self._engine = engine
        self._secret_box = secret_box

    def keep(
        self, portal_id: int, file: KeptFile, *, reply_id: int | None = None, scheduled_id: int | None = None
    ) -> bool:
        """Whether there was room for it in the portal, and in the quick reply. Two statements,
        three for a reply."""
        with transaction(self._engine) as connection:
            of_portal = select(func.coalesce(func.sum(kept_files.c.size), 0)).where(kept_files.c.portal_id == portal_id)
            if int(connection.execute(of_portal).scalar_one()) + file.size > MAX_TOTAL:
                return False
            of_reply = select(func.count()).select_from(kept_files).where(kept_files.c.reply_id == reply_id)
            if reply_id and int(connection.execute(of_reply).scalar_one()) >= MAX_OF_REPLY:
                return False
            values = {"name": file.name, "mimetype": file.mimetype, "size": file.size}
            of = {"portal_id": portal_id, "reply_id": reply_id, "scheduled_id": scheduled_id}
            connection.execute(
                insert(kept_files).values(**of, **values, sealed=self._secret_box.encrypt_bytes(file.body))
            )
        return True

    def of_replies(self, portal_id: int, reply_ids: Collection[int]) -> dict[int, list[KeptFile]]:
        """By the reply's id, without what is in them. One query, none for no replies."""
        return self._shown(portal_id, kept_files.c.reply_id, reply_ids)

    def of_scheduled(self, portal_id: int, scheduled_ids: Collection[int]) -> dict[int, KeptFile]:
        """The same by the message's id, which has one at most."""
        found = self._shown(portal_id, kept_files.c.scheduled_id, scheduled_ids)
        return {scheduled_id: files[0] for scheduled_id, files in found.items()}

    def open(self, portal_id: int, file_id: int) -> KeptFile | None:
        """The file with what is in it; None where it is gone, or opens with no key. One query."""
        query = select(*_SHOWN, kept_files.c.sealed).where(*_one(portal_id, file_id))
        with transaction(self._engine) as connection:
            row = connection.execute(query).first()
        try:
            return (
                KeptFile(row.name, row.mimetype, row.size, row.id, self._secret_box.decrypt_bytes(row.sealed))
                if row
                else None
            )
        except DecryptionError as error:
            log.error("kept_file.not_opened portal=%s file=%s error=%s", portal_id, file_id, error)
            return None

    def remove(self, portal_id: int, reply_id: int, file_id: int) -> bool:
        """A file of this quick reply. One statement."""
        with transaction(self._engine) as connection:
            gone = delete(kept_files).where(*_one(portal_id, file_id), kept_files.c.reply_id == reply_id)
            return bool(connection.execute(gone).rowcount)

    def _shown(self, portal_id: int, owner: Column[int], ids: Collection[int]) -> dict[int, list[KeptFile]]:
        if not ids:
            return {}
        query = select(owner.label("owner"), *_SHOWN).where(kept_files.c.portal_id == portal_id, owner.in_(ids))
        found: dict[int, list[KeptFile]] = {}
        with transaction(self._engine) as connection:
            for row in connection.execute(query.order_by(kept_files.c.id)):
                found.setdefault(row.owner, []).append(KeptFile(row.name, row.mimetype, row.size, row.id))
        return found


def _one(portal_id: int, file_id: int) -> tuple[ColumnElement[bool], ...]:
    return kept_files.c.portal_id == portal_id, kept_files.c.id == file_id
