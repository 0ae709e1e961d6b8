"""The sessions of the gateway as they are after a reset, and as WAHA describes them."""

from typing import Any

from sandbox.gateway.model import Line
from sandbox.people import SESSIONS

STATUSES = (
    *("STOPPED", "STARTING", "SCAN_QR_CODE", "PASSKEY_REQUIRED"),
    *("PASSKEY_CONFIRMATION_REQUIRED", "WORKING", "FAILED"),
)
NUMBERS = {"sales": "79638477312", "support": "79638477313", "archive": "79638477314"}
NAMES = {"sales": "Отдел продаж", "support": "Поддержка", "archive": "Архив"}

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
        )
        for name, status in SESSIONS.items()
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


def me(line: Line) -> dict[str, str] | None:
    """The account that is logged in; none before the QR is scanned."""
    if line.status != "WORKING":
        return None
    return {
        "id": line.chat_id,
        "lid": f"2000{line.number}@lid",
        "jid": f"{line.number}:12@s.whatsapp.net",
        "pushName": NAMES[line.name],
    }
