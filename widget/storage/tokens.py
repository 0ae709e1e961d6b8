"""Tokens: one pair for each user of each portal, sealed at rest, never in a log or a page."""

from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from widget.storage.schema import tokens
from widget.storage.vault import Vault


@dataclass(frozen=True)
class Token:
    """A user's access to REST with that user's rights. `expires_at` is unix seconds."""

    access: str
    refresh: str
    expires_at: float

    def __repr__(self) -> str:  # a token must not reach a log through a traceback
        return f"Token(expires_at={self.expires_at:.0f})"


class Tokens:
    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    def find(self, portal_id: int, user_id: int) -> Token | None:
        query = select(tokens).where(tokens.c.portal_id == portal_id, tokens.c.user_id == user_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return Token(self._vault.open(row["access"]), self._vault.open(row["refresh"]), row["expires_at"])

    def put(self, portal_id: int, user_id: int, token: Token) -> None:
        """Store before use: a lost refresh token means a reinstall."""
        values = {
            "access": self._vault.seal(token.access),
            "refresh": self._vault.seal(token.refresh),
            "expires_at": token.expires_at,
        }
        mine = (tokens.c.portal_id == portal_id) & (tokens.c.user_id == user_id)
        change = update(tokens).where(mine).values(values)
        try:
            with self._engine.begin() as connection:
                if not connection.execute(change).rowcount:
                    connection.execute(insert(tokens).values(portal_id=portal_id, user_id=user_id, **values))
        except IntegrityError:  # another card of this user was quicker; its row is there now
            with self._engine.begin() as connection:
                connection.execute(change)

    def drop(self, portal_id: int, user_id: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(tokens).where(tokens.c.portal_id == portal_id, tokens.c.user_id == user_id))
