"""Encrypt secrets before they are stored; several keys may decrypt, the first one encrypts (so keys
can rotate)."""

import logging
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

log = logging.getLogger(__name__)


class DecryptionError(Exception):
    """A stored secret cannot be opened with any of ENCRYPTION_KEYS."""


class SecretBox:
    def __init__(self, keys: Sequence[str]) -> None:
        self.fernet = MultiFernet([Fernet(key) for key in keys])
        self._first = Fernet(keys[0])

    def encrypt(self, secret: str) -> str:
        return self.encrypt_bytes(secret.encode())

    def encrypt_bytes(self, secret: bytes) -> str:
        return self.fernet.encrypt(secret).decode()

    def decrypt_bytes(self, sealed: str) -> bytes:
        """Raises DecryptionError where none of our keys opens it."""
        try:
            return self.fernet.decrypt(sealed)
        except InvalidToken as error:
            raise DecryptionError("a stored secret does not open with ENCRYPTION_KEYS") from error

    def can_decrypt(self, sealed: str) -> bool:
        try:
            self.decrypt_bytes(sealed)
        except DecryptionError:
            return False
        return True

    def reencrypt(self, sealed: str) -> str:
        """The same secret under the first key; the same text if that sealed it already. Raises
        DecryptionError."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return self.encrypt_bytes(self.decrypt_bytes(sealed))
        return sealed

    def decrypt_or_empty(self, sealed: str) -> str:
        """The opened secret; "" for an empty one or one that no key opens: one such value must not
        fail a whole page."""
        try:
            return self.decrypt(sealed) if sealed else ""
        except DecryptionError as error:
            log.error("secrets.not_opened error=%s", error)
            return ""

    def decrypt(self, sealed: str) -> str:
        """Raises DecryptionError where none of our keys opens it."""
        return self.decrypt_bytes(sealed).decode()
