"""Access and refresh tokens, as the auth server keeps them: each belongs to one user of one
portal."""

import secrets
import time
from dataclasses import dataclass, field, replace

from .credentials import PortalCredentials
from .users import User


@dataclass(frozen=True)
class TokenPair:
    """One pair of tokens. `expires` is a Unix time."""

    portal: PortalCredentials
    user: User
    access: str
    refresh: str
    expires: int

    @property
    def is_expired(self) -> bool:
        return time.time() >= self.expires


@dataclass
class IssuedTokens:
    """Every token ever given out. `lifetime` is that of an access token, in seconds.

    Needs no lock: each change is one operation on a dict, and of two refreshes with one token one
    finds it gone.
    """

    lifetime: int
    _by_access: dict[str, TokenPair] = field(default_factory=dict)
    _by_refresh: dict[str, TokenPair] = field(default_factory=dict)

    def issue(self, portal: PortalCredentials, user: User) -> TokenPair:
        access, refresh = secrets.token_hex(35), secrets.token_hex(35)
        grant = TokenPair(portal, user, access, refresh, int(time.time()) + self.lifetime)
        self._by_access[access] = grant
        self._by_refresh[refresh] = grant
        return grant

    def find(self, access: str) -> TokenPair | None:
        return self._by_access.get(access)

    def owner(self, refresh: str) -> PortalCredentials | None:
        """The portal of a refresh token that is still good."""
        grant = self._by_refresh.get(refresh)
        return grant.portal if grant else None

    def rotate(self, refresh: str) -> TokenPair | None:
        """A new pair for an old refresh token, which then is worth nothing; None if it already
        was."""
        old = self._by_refresh.pop(refresh, None)
        return self.issue(old.portal, old.user) if old else None

    def revoke(self, portal: PortalCredentials, user: User | None = None) -> int:
        """Forget the tokens of a user, or of all users, in one portal. Returns how many pairs that
        were."""
        gone = self._of(portal, user)
        for grant in gone:
            self._by_access.pop(grant.access, None)
            self._by_refresh.pop(grant.refresh, None)
        return len(gone)

    def expire(self, portal: PortalCredentials, user: User | None = None) -> int:
        """End the hour of access tokens now; their refresh tokens stay good."""
        old = [grant for grant in self._of(portal, user) if grant.access in self._by_access]
        for grant in old:
            self._by_access[grant.access] = replace(grant, expires=0)
        return len(old)

    def _of(self, portal: PortalCredentials, user: User | None) -> list[TokenPair]:
        pairs = {grant.access: grant for grant in (*self._by_access.copy().values(), *self._by_refresh.copy().values())}
        return [each for each in pairs.values() if each.portal is portal and user in (None, each.user)]
