"""The sessions of the gateway as they are after a reset, and as WAHA describes them."""

from typing import Any

from sandbox.gateway.model import Line
from sandbox.people import GREEN_IDS, INSTANCES, SESSIONS

STATUSES = (
    *("STOPPED", "STARTING", "SCAN_QR_CODE", "PASSKEY_REQUIRED"),
    *("PASSKEY_CONFIRMATION_REQUIRED", "WORKING", "FAILED"),
)
NUMBERS = {
    "sales": "79638477312",
    "support": "79638477313",
    "archive": "79638477314",
    "branch": "79638477315",
    "1101000001": "79638477316",
}
NAMES = {
    "sales": "Отдел продаж",
    "support": "Поддержка",
    "archive": "Архив",
    "branch": "Филиал",
    "1101000001": "Выездные замеры",
}
DAY = 86_400
VERSIONS = {"waha": "2026.7.1", "evolution": "2.3.7", "green": "0"}
_PROTOCOLS = (("waha", SESSIONS), ("evolution", INSTANCES), ("green", GREEN_IDS))

# NOWEB keeps no history unless told so before the QR is scanned; fullSync false is about three months of it
# (devlikeapro/waha-docs: engines/noweb).
_NOWEB = {"noweb": {"markOnline": True, "store": {"enabled": True, "fullSync": False}}}


def fresh_lines(now: float) -> list[Line]:
    return [
        Line(
            name=name,
            status=status,
            engine="NOWEB" if name == "support" else "GOWS",
            number=NUMBERS[name],
            config=_NOWEB if name == "support" else {},
            activity=now,
            protocol=protocol,
            title=NAMES[name],
            version=VERSIONS[protocol],
        )
        for protocol, lines in _PROTOCOLS
        for name, status in lines.items()
    ]


def describe(line: Line) -> dict[str, Any]:
    """WAHA's SessionInfo (devlikeapro/waha-docs: how-to/sessions)."""
    working = line.status == "WORKING"
    return {
        "name": line.name,
        "status": line.status,
        "config": {"metadata": {}, "webhooks": [], **line.config},
        "me": me(line),
        "presence": "offline" if working else None,
        "timestamps": {"activity": int(line.activity * 1000)},
        "engine": {"engine": line.engine} if line.status != "STOPPED" else {},
    }


def me(line: Line) -> dict[str, Any] | None:
    """The account that is logged in, with what WhatsApp forbids it; none before the QR is scanned."""
    if line.status != "WORKING":
        return None
    return {
        "id": line.chat_id,
        "lid": f"2000{line.number}@lid",
        "jid": f"{line.number}:12@s.whatsapp.net",
        "pushName": NAMES[line.name],
        "reachoutTimelock": _timelock(line) if line.restricted_until else None,
        "messageCapping": _capping(line) if line.capped else None,
    }


def _timelock(line: Line) -> dict[str, Any]:
    """It stays as it was told last: that it is over shows in its time alone."""
    return {
        "enforcementType": "RESTRICT_ALL_COMPANIONS",
        "isActive": True,
        "timeEnforcementEnds": int(line.restricted_until),
    }


def _capping(line: Line) -> dict[str, Any]:
    return {
        "cappingStatus": "CAPPED",
        "totalQuota": 1000,
        "usedQuota": 1000,
        "cycleStart": int(line.activity) - 20 * DAY,
        "cycleEnd": int(line.activity) + 10 * DAY,
        "mvStatus": "NOT_ELIGIBLE",
        "oteStatus": "NOT_ELIGIBLE",
    }
