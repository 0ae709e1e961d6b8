"""Opaque names for phones: what stands in pages, addresses and cache keys where a number must not."""

import hashlib


class PhoneKeys:
    """Keys of one portal: the same number has the same key there, and another key in every other portal."""

    def __init__(self, secret: str) -> None:
        self._secret = hashlib.sha256(f"phone keys {secret}".encode()).digest()

    def key(self, portal_id: int, phone: str) -> str:
        return hashlib.blake2b(f"{portal_id}:{phone}".encode(), key=self._secret, digest_size=12).hexdigest()
