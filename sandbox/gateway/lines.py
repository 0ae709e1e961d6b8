"""The lines of the gateway as they are after a reset."""

from sandbox.gateway.model import SandboxLine
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
ENGINES = {"sales": "GOWS", "support": "NOWEB", "archive": "GOWS"}  # of the protocol that has several
VERSIONS = {"waha": "2026.7.1", "evolution": "2.3.7", "green": "0"}
_PROTOCOLS = (("waha", SESSIONS), ("evolution", INSTANCES), ("green", GREEN_IDS))

# NOWEB keeps no history unless told so before the QR is scanned; fullSync false is about three
# months of it (devlikeapro/waha-docs: engines/noweb).
_NOWEB = {"noweb": {"markOnline": True, "store": {"enabled": True, "fullSync": False}}}


def fresh_lines(now: float) -> list[SandboxLine]:
    return [
        SandboxLine(
            name=name,
            status=status,
            engine=ENGINES.get(name, ""),
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
