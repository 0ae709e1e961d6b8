"""A session as WAHA describes it (devlikeapro/waha-docs: how-to/sessions)."""

from typing import Any

from sandbox.gateway.lines import NAMES
from sandbox.gateway.model import SandboxLine

DAY = 86_400


def describe(line: SandboxLine) -> dict[str, Any]:
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


def me(line: SandboxLine) -> dict[str, Any] | None:
    """The account that is logged in, with what WhatsApp forbids it; none before the QR is
    scanned."""
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


def _timelock(line: SandboxLine) -> dict[str, Any]:
    """It stays as it was told last: that it is over shows in its time alone."""
    return {
        "enforcementType": "RESTRICT_ALL_COMPANIONS",
        "isActive": True,
        "timeEnforcementEnds": int(line.restricted_until),
    }


def _capping(line: SandboxLine) -> dict[str, Any]:
    return {
        "cappingStatus": "CAPPED",
        "totalQuota": 1000,
        "usedQuota": 1000,
        "cycleStart": int(line.activity) - 20 * DAY,
        "cycleEnd": int(line.activity) + 10 * DAY,
        "mvStatus": "NOT_ELIGIBLE",
        "oteStatus": "NOT_ELIGIBLE",
    }
