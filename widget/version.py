"""The version of the service, said here only: `/health/live`, `/metrics`, each log line and `flask version` show it.

CHANGELOG.md says what came with which one. What portals are given has a number of its own
(bitrix24/installer/desired.py).
"""

VERSION = "0.2.0"
