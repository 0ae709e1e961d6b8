"""What the operator sets, read from the environment once, with every fault reported together.

Any NAME can be given as NAME_FILE instead: the path of a file that holds the value (for secrets).
docs/settings.md lists every setting; tests/test_papers.py holds that list complete.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from ratelimit.limits import MAX_COUNT, MAX_PACE
from widget.redis_clients import open_redis

DATABASES = {("sqlite", "pysqlite"), ("postgresql", "psycopg")}


class ConfigError(Exception):
    """The environment cannot be used; the message lists every fault in one line."""


def _text(value: str) -> str:
    return value


def _model(value: str) -> str:
    if value and not Path(value).is_dir():
        raise ValueError("must be the folder of a model")
    if value and find_spec("faster_whisper") is None:
        raise ValueError("needs the packages of requirements-speech.txt")
    return str(Path(value).resolve()) if value else value


def _words(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _level(value: str) -> str:
    if value.upper() not in logging.getLevelNamesMapping():
        raise ValueError("must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return value


def _flag(value: str) -> bool:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("must be True or False")


def _positive(value: str) -> float:
    number = float(value)
    if not 0 < number < 1e9:
        raise ValueError("must be a number above 0")
    return number


def _count(value: str) -> int:
    if not (value.isdecimal() and len(value) < 10):
        raise ValueError("must be a whole number, 0 or more")
    return int(value)


def _permits(value: str) -> int:
    """A number of permits that the limiter can count, from 1: with 0 nothing could ever be
    granted."""
    number = _count(value)
    if not 1 <= number <= MAX_COUNT:
        raise ValueError(f"must be a whole number from 1 to {MAX_COUNT}")
    return number


def _pace(value: str) -> float:
    seconds = _positive(value)
    if seconds > MAX_PACE:
        raise ValueError(f"must be at most {MAX_PACE}")
    return seconds


def _at_least_one(value: str) -> int:
    number = _count(value)
    if not number:
        raise ValueError("must be a whole number, 1 or more")
    return number


def _database(value: str) -> str:
    """A database address. A fault does not repeat it: it may hold a password."""
    try:
        dialect = make_url(value).get_dialect()
    except (ArgumentError, ValueError):
        raise ValueError("must be an SQLAlchemy address, like postgresql+psycopg://user:password@host/name") from None
    if (dialect.name, dialect.driver) not in DATABASES:
        raise ValueError("must begin with sqlite:/// or with postgresql+psycopg://")
    try:
        dialect.import_dbapi()
    except ImportError:
        raise ValueError("needs psycopg: pip install --require-hashes -r requirements.txt") from None
    return value


def _redis(value: str) -> str:
    """One address, or nothing."""
    try:
        if value.strip():
            open_redis(value.strip())  # connects to nothing yet
    except ValueError:
        raise ValueError(
            "must be an address like redis://host:6379/0, rediss://…, unix://…, redis+sentinel://host1,host2/master "
            "or redis+cluster://host1,host2"
        ) from None
    return value.strip()


def _secret(value: str) -> str:
    if len(value) < 32:
        raise ValueError("must have at least 32 characters")
    return value


def _secrets(value: str) -> tuple[str, ...]:
    return tuple(_secret(key.strip()) for key in value.split(",") if key.strip())


def _fernet_keys(value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(",") if key.strip())
    for key in keys:
        Fernet(key)
    if not keys:
        raise ValueError("needs at least one key")
    return keys


def _addresses(value: str) -> tuple[str, ...]:
    addresses = tuple(address.strip().rstrip("/") for address in value.split(",") if address.strip())
    for address in addresses:
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
            raise ValueError(f"{address!r} is not an http(s) address")
    if not addresses:
        raise ValueError("needs at least one address")
    return addresses


def _address(value: str) -> str:
    addresses = _addresses(value)
    if len(addresses) != 1:
        raise ValueError("must be one address")
    return addresses[0]


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(host.strip().lower() for host in value.split(",") if host.strip())
    for host in hosts:
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", host, re.ASCII):
            raise ValueError(f"{host!r} is not the name of a host, like files.example.com")
    return hosts


def _hours(value: str) -> tuple[int, int, int, int]:
    hours = [int(hour) for hour in value.split(",")]
    if len(hours) != 4 or [0, *hours, 24] != sorted([0, *hours, 24]):
        raise ValueError("must be four hours from 0 to 24 that do not go backwards, like 7,8,19,21")
    return hours[0], hours[1], hours[2], hours[3]


def _public_url(value: str) -> str:
    """One address, or nothing, as an empty REDIS_URL is none."""
    if not value.strip():
        return ""
    address = _address(value)
    if "?" in value or "#" in value or "@" in urlsplit(address).netloc:
        raise ValueError("must have no query, no fragment, no user name and no password")
    return address


def _setting(read: Callable[[str], Any], default: Any = MISSING) -> Any:
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True)
class Config:
    """Field names in upper case are the names in the environment."""

    secret_key: str = _setting(_secret)
    encryption_keys: tuple[str, ...] = _setting(_fernet_keys)
    bitrix_client_id: str = _setting(_words)
    bitrix_client_secret: str = _setting(_words)

    old_secret_keys: tuple[str, ...] = _setting(_secrets, ())  # what they signed is still good
    # Where browsers and Bitrix24 reach this service; registered as the handler of placements and
    # events.
    public_url: str = _setting(_public_url, "")
    database_url: str = _setting(_database, "sqlite:///widget.sqlite3")
    redis_url: str = _setting(_redis, "")
    jobs_file: str = _setting(_text, "jobs.sqlite3")  # the queue of background work, where there is no Redis
    # The two authorisation servers of Bitrix24 (server module rest,
    # AuthorizationServerUrlResolver.php). A token or our client secret never goes anywhere else.
    auth_servers: tuple[str, ...] = _setting(_addresses, ("https://oauth.bitrix.info", "https://oauth.bitrix24.tech"))
    allow_http: bool = _setting(_flag, False)
    # Lines at addresses of this machine or this network; an administrator of any portal may type
    # them.
    allow_private_lines: bool = _setting(_flag, False)
    # Where gateways keep files, besides the storages that are known (files.py of each folder in
    # gateways/).
    file_hosts: tuple[str, ...] = _setting(_hosts, ())
    speech_model: str = _setting(_model, "")  # the worker writes down what clients say in voice messages
    numbering_file: str = _setting(_text, "")
    numbering_source: str = _setting(_address, "https://opendata.digital.gov.ru/downloads")
    numbering_update: bool = _setting(_flag, False)  # the worker fetches the registry once a week

    # The traffic light of a client's local time: red to 7, amber to 8, green to 19, amber to 21,
    # red after.
    light_hours: tuple[int, int, int, int] = _setting(_hours, (7, 8, 19, 21))

    presence_ttl: float = _setting(_positive, 300)  # seconds
    unknown_ttl: float = _setting(_positive, 15)  # seconds
    card_ttl: float = _setting(_positive, 300)  # seconds
    check_burst: int = _setting(_permits, 10)
    check_every: float = _setting(_pace, 3)  # seconds
    checks_per_day: int = _setting(_permits, 100)
    checks_floor: int = _setting(_permits, 20)
    young_checks_per_day: int = _setting(_permits, 20)
    young_days: int = _setting(_count, 10)
    firsts_per_day: int = _setting(_permits, 100)
    young_firsts_per_day: int = _setting(_permits, 20)
    sends_per_day: int = _setting(_permits, 1500)

    portal_timeout: float = _setting(_positive, 8)  # seconds
    portal_patience: float = _setting(_positive, 12)  # seconds
    check_timeout: float = _setting(_positive, 5)  # seconds
    history_timeout: float = _setting(_positive, 15)  # seconds
    send_timeout: float = _setting(_positive, 30)  # seconds

    # What one portal may hold of a process at once: a quarter of gunicorn's threads, and answers
    # from outside.
    portal_requests: int = _setting(_at_least_one, 8)
    portal_megabytes: int = _setting(_at_least_one, 128)  # a file of 64 is 86 in base64

    session_minutes: int = _setting(_at_least_one, 60)
    send_texts_days: int = _setting(_count, 30)
    rest_log_days: int = _setting(_count, 3)
    trusted_proxies: int = _setting(_count, 0)
    log_level: str = _setting(_level, "INFO")
    metrics_port: int = _setting(_count, 0)  # where a worker tells its counters, which has no other port

    def __repr__(self) -> str:  # holds secrets
        return "Config()"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read and check everything. Raises ConfigError that names every fault, never only the
        first."""
        values: dict[str, Any] = {}
        faults: list[str] = []
        for setting in fields(cls):
            name = setting.name.upper()
            try:
                given = _given(environ, name)
                if given is not None:
                    values[setting.name] = setting.metadata["read"](given)
                elif setting.default is MISSING:
                    faults.append(f"{name} is not set")
            except (ValueError, OSError) as error:
                faults.append(f"{name} {error}")
        plain = [address for address in values.get("auth_servers", ()) if urlsplit(address).scheme == "http"]
        if plain and not values.get("allow_http"):
            faults.append(f"AUTH_SERVERS {plain[0]!r} must be https, unless ALLOW_HTTP is set")
        if values.get("numbering_update") and not values.get("numbering_file"):
            faults.append("NUMBERING_UPDATE needs NUMBERING_FILE, where the ranges are kept")
        if faults:
            raise ConfigError("The settings cannot be used: " + "; ".join(faults))
        return cls(**values)


def _given(environ: Mapping[str, str], name: str) -> str | None:
    if name in environ and f"{name}_FILE" in environ:
        raise ValueError(f"is set twice, as {name} and as {name}_FILE")
    if f"{name}_FILE" in environ:
        return Path(environ[f"{name}_FILE"]).read_text().strip()
    return environ.get(name)
