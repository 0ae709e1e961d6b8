"""Contacts: who has WhatsApp, and which LID belongs to which phone."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import client_of, dialled, digits, phone_id, seen_phone_id
from sandbox.gateway.guards import here
from sandbox.gateway.waha import asked
from sandbox.gateway.waha.guards import counted, keeping, working
from sandbox.gateway.waha.refusals import malformed

pages = Blueprint("contacts", __name__, url_prefix="/api")


@pages.get("/contacts/check-exists")
@counted("check-exists")
def check_exists() -> ResponseReturnValue:
    """The chat id of the answer is WhatsApp's own and may differ from the number asked."""
    phone, session = asked.text("phone"), asked.text("session")
    working(session)
    if not _number(phone):
        raise malformed("phone must be a phone number")
    here().state.heard("check", 1)
    client = dialled(_number(phone))
    if client is None or not client.on_whatsapp:
        return jsonify(numberExists=False)
    return jsonify(numberExists=True, chatId=phone_id(client))


@pages.get("/<session>/lids")
@counted("lids")
def all_lids(session: str) -> ResponseReturnValue:
    """Every pair that the line has seen; WhatsApp is not asked."""
    line, limit, offset = keeping(session), asked.number("limit", 100), asked.number("offset", 0)
    known = [client for chat_id in line.chats if (client := client_of(chat_id)) and client.lid]
    pairs = [{"lid": client.lid, "pn": phone} for client in known if (phone := seen_phone_id(client, line))]
    return jsonify(pairs[offset : offset + limit])


@pages.get("/<session>/lids/pn/<phone>")
@counted("lids")
def lid_of_phone(session: str, phone: str) -> ResponseReturnValue:
    """From what the line has seen already; WhatsApp is not asked."""
    working(session)
    asked_for = f"{_number(phone)}@c.us"
    client = client_of(asked_for)
    return jsonify(lid=(client.lid or None) if client else None, pn=asked_for)


@pages.get("/<session>/lids/<lid>")
@counted("lids")
def phone_of_lid(session: str, lid: str) -> ResponseReturnValue:
    line, asked_for = working(session), f"{_number(lid)}@lid"
    return jsonify(lid=asked_for, pn=seen_phone_id(client_of(asked_for), line) or None)


def _number(text: str) -> str:
    """The digits before any suffix: both engines ignore what is written around them."""
    return digits(text.partition("@")[0])
