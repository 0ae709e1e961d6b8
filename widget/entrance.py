"""What stands at the door of every request: the tickets that users bring, and each company's share
of the threads."""

from dataclasses import dataclass

from cryptography.fernet import MultiFernet

from widget.config import Config
from widget.places import Places
from widget.session import SessionTokens

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Entrance:
    session_tokens: SessionTokens
    places: Places


def build_entrance(config: Config, fernet: MultiFernet) -> Entrance:
    """`fernet` seals what a page was opened with."""
    keys = [*config.old_secret_keys, config.secret_key]
    return Entrance(
        SessionTokens(keys, fernet, config.session_minutes * 60),
        Places(config.portal_requests, config.portal_megabytes * MEGABYTE),
    )
