"""What WAHA answers to a send, which differs by engine and version (seen on 2026.2.1;
devlikeapro/waha-docs, overview/changelog): WAHA's own id, an object of WhatsApp's page (WEBJS), or
nothing but Baileys' record (NOWEB, for a text before 2026.4.3 and for files)."""

from collections.abc import Mapping
from typing import Any

from widget.gateways.base import Ack
from widget.gateways.waha.codes import ack_of
from widget.gateways.waha.messages import bare_id
from widget.untrusted import as_dict

MAX_ID = 120  # as long as storage keeps
STATUSES = {"ERROR": Ack.FAILED, "PENDING": Ack.PENDING, 1: Ack.PENDING}  # of Baileys' record, before WhatsApp answered


def given_id(answer: Mapping[str, Any]) -> str:
    """The id of the message that was sent, wherever the answer names it; "" if it does not."""
    data = as_dict(answer.get("_data"))
    named = (
        answer.get("id"),
        as_dict(answer.get("key")).get("id"),
        as_dict(data.get("key")).get("id"),
        as_dict(data.get("Info")).get("ID"),
        data.get("id"),
    )
    return next((found for one in named if (found := _id_in(one))), "")


def ack_given(answer: Mapping[str, Any]) -> Ack:
    """How far it got: PENDING means that WhatsApp's servers have not taken it yet."""
    data = as_dict(answer.get("_data"))
    said = ack_of(answer.get("ack")) if "ack" in answer else ack_of(data.get("ack"))
    if said is not Ack.NONE:
        return said
    status = answer.get("status") or data.get("status")
    return STATUSES.get(status, Ack.NONE) if isinstance(status, str | int) else Ack.NONE


def _id_in(named: Any) -> str:
    if isinstance(named, dict):
        named = named.get("_serialized") or named.get("id")
    return bare_id(named) if isinstance(named, str) and len(named) <= MAX_ID else ""
