"""Who has WhatsApp: several numbers at once, with Evolution's cache and its way to fail
(whatsappNumber)."""

import re
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import dialled, digits, phone_id
from sandbox.gateway.evolution import refusals
from sandbox.gateway.evolution.guards import body, counted, line_of
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine
from sandbox.gateway.raw import jid
from sandbox.gateway.refusals import Refusal

pages = Blueprint("evolution_checks", __name__, url_prefix="/chat")
CACHED = ("55", "52", "54")  # its cache works for these countries alone, and keeps nothing but yes


@pages.post("/whatsappNumbers/<instance>")
@counted("whatsappNumbers")
def check(instance: str) -> ResponseReturnValue:
    """One number that must be asked about spoils the whole batch of a line that is not
    connected."""
    numbers = body().get("numbers")
    if numbers is None:
        raise refusals.nothing_in_check()
    complaint = _complaint(numbers)
    if complaint:
        raise Refusal(400, {"status": 400, "error": "Bad Request", "message": [[complaint]]})
    line = line_of(instance)
    return jsonify([look_up(line, number) for number in numbers])


def look_up(line: SandboxLine, number: str) -> dict[str, Any]:
    """Whether it has WhatsApp: a LID without asking, and some from the cache. Raises Refusal."""
    if number.endswith("@lid"):
        return {"jid": number, "exists": True, "number": number, "lid": "lid"}
    asked = number.partition("@")[0]
    cached: dict[str, str] = line.config.setdefault("checked", {})
    if digits(asked) in cached:
        return {"jid": cached[digits(asked)], "exists": True, "number": number}
    if line.status == "STOPPED":
        raise refusals.nothing_in_check()
    if line.status != "WORKING":
        raise refusals.connection_closed_in_check()
    here().state.heard("check", 1)
    client = dialled(asked)
    if client is None or not client.on_whatsapp:
        return {"jid": f"{rewritten(digits(asked))}@s.whatsapp.net", "exists": False, "number": number}
    found = jid(phone_id(client))
    if digits(asked).startswith(CACHED):
        cached |= {digits(client.phone): found, found.partition("@")[0]: found}
    return {"jid": found, "exists": True, "number": number, "name": client.name}


def rewritten(number: str) -> str:
    """createJid.ts: the ninth digit of Brazil, the third one of Mexico and Argentina."""
    if len(number) == 13 and number[:2] in ("52", "54"):
        return number[:2] + number[3:]
    found = re.fullmatch(r"(55)(\d\d)\d(\d{8})", number)
    if found and int(found[2]) >= 31 and int(found[3][0]) >= 7:
        return found[1] + found[2] + found[3]
    return number


def _complaint(numbers: Any) -> str:
    if not isinstance(numbers, list):
        return "numbers is not of a type(s) array"
    if not numbers:
        return "numbers does not meet minimum length of 1"
    if not all(isinstance(number, str) for number in numbers):
        return "numbers[0] is not of a type(s) string"
    return "numbers contains duplicate item" if len(set(numbers)) < len(numbers) else ""
