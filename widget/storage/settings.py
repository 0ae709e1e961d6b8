"""The choices of each rep: the line they usually write from, and how they like to write."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from sqlalchemy import Engine, bindparam, select

from widget.storage.rows import reader
from widget.storage.schema import user_settings
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into


@dataclass(frozen=True)
class Defaults:
    """`line_id` None: no choice. A chosen line may meanwhile be off, removed or closed to this
    user."""

    line_id: int | None = None
    show_name: bool = False
    enter_sends: bool = True  # and Shift+Enter breaks the line; else Ctrl+Enter sends
    opens_chat: bool = True  # a card with one number, or one chat, opens it by itself
    sound: bool = False  # when a client writes


_defaults = reader(
    Defaults,
    user_settings,
    line_id=lambda stored: stored or None,
    show_name=bool,
    enter_sends=bool,
    opens_chat=bool,
    sound=bool,
)
# Built once: each cold card asks for it.
_OF_USER = select(user_settings).where(
    user_settings.c.portal_id == bindparam("portal_id"), user_settings.c.user_id == bindparam("user_id")
)


class UserSettings:
    def __init__(self, engine: Engine, changed: Callable[[int, int], None] = lambda portal, user: None) -> None:
        """`changed` is told of the portal and the user after a choice of theirs was written. Must
        not raise."""
        self._engine = engine
        self._changed = changed

    def of(self, portal_id: int, user_id: int) -> Defaults:
        """One query by primary key; not remembered, so that a choice holds at once in every
        process."""
        with transaction(self._engine) as connection:
            row = connection.execute(_OF_USER, {"portal_id": portal_id, "user_id": user_id}).mappings().first()
        return _defaults(row) if row else Defaults()

    def put(self, portal_id: int, user_id: int, defaults: Defaults) -> None:
        """Store a user's choices. One upsert. Raises IntegrityError for a portal that is gone."""
        values = {**asdict(defaults), "line_id": defaults.line_id or 0}
        with self._engine.begin() as connection:
            row = insert_into(connection, user_settings).values(portal_id=portal_id, user_id=user_id, **values)
            mine = [user_settings.c.portal_id, user_settings.c.user_id]
            connection.execute(row.on_conflict_do_update(index_elements=mine, set_=values))
        self._changed(portal_id, user_id)
