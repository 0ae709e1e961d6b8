"""Tokens: one pair for each user of each portal, sealed at rest, never in a log or a page."""

from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, Engine, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from widget.storage.schema import tokens
from widget.storage.secret_box import SecretBox

# Built once: each card asks for it twice, and building a query costs as much as asking.
_OF_USER = select(tokens).where(tokens.c.portal_id == bindparam("portal_id"), tokens.c.user_id == bindparam("user_id"))


@dataclass(frozen=True)
class Token:
    """A user's access to REST with that user's rights. `expires_at` is unix seconds; `sealed` tells
    one stored pair from the next without opening it, "" for a pair that was never stored."""

    access: str
    refresh: str
    expires_at: float
    sealed: str = field(default="", compare=False)

    def __repr__(self) -> str:  # a token must not reach a log through a traceback
        return f"Token(expires_at={self.expires_at:.0f})"


class Tokens:
    def __init__(self, engine: Engine, secret_box: SecretBox) -> None:
        self._engine = engine
        self._secret_box = secret_box

    def find(self, portal_id: int, user_id: int) -> Token | None:
        """The user's stored pair, None without one or if no key opens it: the next page that is
        opened brings another. One query."""
        with self._engine.connect() as connection:
            row = connection.execute(_OF_USER, {"portal_id": portal_id, "user_id": user_id}).mappings().first()
        access = self._secret_box.decrypt_or_empty(row["access"]) if row else ""
        if row is None or not access:
            return None
        return Token(access, self._secret_box.decrypt_or_empty(row["refresh"]), row["expires_at"], row["access"])

    def users(self, portal_id: int) -> list[int]:
        """Whose tokens are stored, the freshest first. One query."""
        query = select(tokens.c.user_id).where(tokens.c.portal_id == portal_id).order_by(tokens.c.expires_at.desc())
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def put(self, portal_id: int, user_id: int, token: Token) -> Token:
        """Store before use: a lost refresh token means a reinstall. Ends a lease on the pair; gives
        it as stored.

        A pair without a refresh token keeps the stored one. Raises IntegrityError for a portal that
        is gone. One statement, two for a first pair.
        """
        stored = self.replace(portal_id, user_id, token)
        if stored:
            return stored
        sealed = self._secret_box.encrypt(token.access)
        new = {"access": sealed, "refresh": self._secret_box.encrypt(token.refresh), "expires_at": token.expires_at}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(tokens).values(portal_id=portal_id, user_id=user_id, **new))
        except IntegrityError:  # two first openings at once: the other one's row is there now
            stored = self.replace(portal_id, user_id, token)
            if not stored:
                raise
            return stored
        return replace(token, sealed=sealed)

    def replace(self, portal_id: int, user_id: int, token: Token) -> Token | None:
        """`put` for a user with a stored pair; returns None, and stores nothing, where it was
        forgotten meanwhile. One statement."""
        sealed = self._secret_box.encrypt(token.access)
        values: dict[str, str | float] = {
            "access": sealed,
            "expires_at": token.expires_at,
            "renewing_until": 0.0,
        }
        if token.refresh:
            values["refresh"] = self._secret_box.encrypt(token.refresh)
        with self._engine.begin() as connection:
            row = update(tokens).where(self._row(portal_id, user_id)).values(values)
            return replace(token, sealed=sealed) if connection.execute(row).rowcount else None

    def lease(self, portal_id: int, user_id: int, pair: Token, *, now: float, until: float) -> bool:
        """The right to renew this very pair, for one caller of all processes until it ends. One
        statement."""
        mine = self._row(portal_id, user_id) & (tokens.c.access == pair.sealed) & (tokens.c.renewing_until < now)
        with self._engine.begin() as connection:
            return bool(connection.execute(update(tokens).where(mine).values(renewing_until=until)).rowcount)

    def release(self, portal_id: int, user_id: int, *, until: float) -> None:
        """Give a lease back without a new pair; `until` is the lease's own, so no other lease is
        ended. One statement."""
        mine = self._row(portal_id, user_id) & (tokens.c.renewing_until == until)
        with self._engine.begin() as connection:
            connection.execute(update(tokens).where(mine).values(renewing_until=0.0))

    def drop(self, portal_id: int, user_id: int, pair: Token | None = None) -> None:
        """Forget a user's pair; with `pair` only while it is the stored one, so that a newer one
        stays. A renewal that is under way stores nothing then (`replace`). One statement."""
        mine = self._row(portal_id, user_id)
        if pair is not None:
            mine = mine & (tokens.c.access == pair.sealed) & (tokens.c.renewing_until == 0.0)
        with self._engine.begin() as connection:
            connection.execute(delete(tokens).where(mine))

    def drop_all(self, portal_id: int) -> int:
        """Forget every pair of a portal. Returns how many. One statement."""
        with self._engine.begin() as connection:
            return connection.execute(delete(tokens).where(tokens.c.portal_id == portal_id)).rowcount

    @staticmethod
    def _row(portal_id: int, user_id: int) -> ColumnElement[bool]:
        return (tokens.c.portal_id == portal_id) & (tokens.c.user_id == user_id)
