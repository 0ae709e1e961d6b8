"""Seal secrets before they are stored; several keys may open, the first one seals (so keys can rotate)."""

import logging
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

log = logging.getLogger(__name__)


class VaultError(Exception):
    """A stored secret cannot be opened with any of ENCRYPTION_KEYS."""


class Vault:
    def __init__(self, keys: Sequence[str]) -> None:
        self.fernet = MultiFernet([Fernet(key) for key in keys])
        self._first = Fernet(keys[0])

    def seal(self, secret: str) -> str:
        return self.fernet.encrypt(secret.encode()).decode()

    def reseal(self, sealed: str) -> str:
        """The same secret under the first key; the same text if that sealed it already. Raises VaultError."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return self.seal(self.open(sealed))
        return sealed

    def open_or_nothing(self, sealed: str) -> str:
        """The secret; "" for none, and for one that was sealed with a key that is gone: what it was for does not work
        then, and everything beside it does."""
        try:
            return self.open(sealed) if sealed else ""
        except VaultError:
            log.warning("a stored secret does not open with ENCRYPTION_KEYS")
            return ""

    def open(self, sealed: str) -> str:
        try:
            return self.fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise VaultError("a stored secret does not open with ENCRYPTION_KEYS") from error
