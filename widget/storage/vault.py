"""Seal secrets before they are stored; several keys may open, the first one seals (so keys can rotate)."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """A stored secret cannot be opened with any of ENCRYPTION_KEYS."""


class Vault:
    def __init__(self, keys: Sequence[str]) -> None:
        self.fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> str:
        return self.fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        try:
            return self.fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise VaultError("a stored secret does not open with ENCRYPTION_KEYS") from error
