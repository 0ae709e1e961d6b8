"""Comments in the timelines of cards, each made once, also where a worker dies in between.

bitrix24/b24restdocs: api-reference/crm/timeline/comments/*.md, bindings/*.md.
"""

import logging
from collections.abc import Callable, Iterable, Sequence

from widget.bitrix24.errors import NOT_THEIRS
from widget.bitrix24.rest import Rest
from widget.errors import ErrorCode, Refused
from widget.storage.portals import Portal
from widget.storage.timelines import Record, Timelines
from widget.timeline.places import Place, name_of
from widget.untrusted import as_dict, as_positive_int, as_rows, as_str

log = logging.getLogger(__name__)

GONE = frozenset({"NOT_FOUND", "OWNER_NOT_FOUND", ""})  # some refusals of timelines have no code but words


Text = Callable[[str], str]  # of a comment, by its mark


class Comments:
    def __init__(self, rest: Rest, timelines: Timelines) -> None:
        self._rest = rest
        self._timelines = timelines

    def write(self, portal: Portal, record: Record, place: Place | None, users: Iterable[int], text: Text) -> Record:
        """Change the comment of this record, or make it in the card `place`: as the first of these
        users who may, else as who installed the application.

        One outside call for each user who may not, and two more where an answer was lost before.
        Raises Refused.
        """
        words = text(_mark_of(record))
        if record.asked and not record.comment_id and (found := self._look_for(portal, record)):
            record = self._timelines.made(record, found)
        if record.comment_id:
            self._change(portal, record, words)  # more was said since
            return record
        if place is None:
            raise Refused(ErrorCode.PORTAL_FAILED, reason="no comment id")
        return self._make(portal, record, place, users, words)

    def bind(self, portal: Portal, record: Record, places: Sequence[Place]) -> None:
        """Show the comment in these cards too. Repeatable; one outside call each. What its user may
        not change stays as it is. Raises Refused."""
        for kind, item_id in places:
            wanted = {"OWNER_ID": record.comment_id, "ENTITY_ID": item_id, "ENTITY_TYPE": name_of(kind)}
            if self._rest.call(portal, record.user_id, "crm.timeline.bindings.bind", {"fields": wanted}) is not True:
                log.info("timeline.not_copied chat=%s kind=%s", record.chat_id, kind)

    def _make(self, portal: Portal, record: Record, place: Place, users: Iterable[int], words: str) -> Record:
        kind, item_id = place
        fields = {"ENTITY_ID": item_id, "ENTITY_TYPE": name_of(kind), "COMMENT": words}
        for user_id in dict.fromkeys([*filter(None, users), portal.installer_id]):
            record = self._timelines.ask(record, owner_type=kind, owner_id=item_id, user_id=user_id)
            try:
                made = as_positive_int(self._rest.call(portal, user_id, "crm.timeline.comment.add", {"fields": fields}))
            except Refused as error:
                if user_id == portal.installer_id or not (error.code in NOT_THEIRS or error.reason in GONE):
                    raise
                continue
            if made:
                return self._timelines.made(record, made)
        raise Refused(ErrorCode.PORTAL_FAILED, reason="no comment id")

    def _change(self, portal: Portal, record: Record, words: str) -> None:
        wanted = {"id": record.comment_id, "fields": {"COMMENT": words}}
        for user_id in dict.fromkeys([record.user_id, portal.installer_id]):
            try:
                self._rest.call(portal, user_id, "crm.timeline.comment.update", wanted)
                return
            except Refused as error:
                if error.reason in GONE:
                    return  # an employee deleted it: it stays deleted
                if error.code not in NOT_THEIRS or user_id == portal.installer_id:
                    raise

    def _look_for(self, portal: Portal, record: Record) -> int:
        """A comment of ours whose answer was lost, by the mark in its first line: among the newest
        50 of its card."""
        where = {"ENTITY_ID": record.owner_id, "ENTITY_TYPE": name_of(record.owner_type)}
        wanted = {"filter": where, "select": ["ID", "COMMENT"], "order": {"ID": "DESC"}}
        rows = map(as_dict, as_rows(self._rest.call(portal, portal.installer_id, "crm.timeline.comment.list", wanted)))
        mark = _mark_of(record)
        ours = (row for row in rows if as_str(row.get("COMMENT")).partition("\n")[0].endswith(mark))
        return next((as_positive_int(row.get("ID")) for row in ours), 0)


def _mark_of(record: Record) -> str:
    """Unique for the comment: by it a comment whose answer was lost is found."""
    return f"№{record.id}"
