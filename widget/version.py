"""The version of the service, said here only: `/health/live`, `/metrics`, each log line and
`flask version` show it.

CHANGELOG.md says what came with which one. What portals are given has a number of its own
(bitrix24/installer/desired.py).
"""

VERSION = "0.2.0"


def number_of(version: str) -> int:
    """A version as a number, so that SQL can say which of two is newer: 2000 for 0.2.0."""
    major, minor, patch = map(int, version.split("."))
    return (major * 1000 + minor) * 1000 + patch


NUMBER = number_of(VERSION)


class NewerVersion(Exception):
    """Code of a newer version wrote this, and only that can work on it: it is left where it is."""
