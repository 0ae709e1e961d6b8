"""Evolution's error bodies, as measured on 2.3.6."""

from typing import Any

from sandbox.gateway.refusals import Refusal

_NAMES = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 500: "Internal Server Error"}


def refused(status: int, message: Any) -> Refusal:
    """The usual shape; `message` is a text, a list or a list of lists, as each endpoint has it."""
    return Refusal(status, {"status": status, "error": _NAMES[status], "response": {"message": message}})


def unauthorized() -> Refusal:
    return refused(401, "Unauthorized")


def no_such_instance(name: str) -> Refusal:
    return refused(404, [f'The "{name}" instance does not exist'])


def no_such_route(method: str, path: str) -> Refusal:
    return refused(404, [f"Cannot {method} {path}"])


def against_schema(*complaints: str) -> Refusal:
    return refused(400, [list(complaints)])


def boom(status: int, error: str, message: str) -> Refusal:
    """What the check answers for an error of Baileys: the bare object, always with 400
    (chat.router.ts)."""
    payload = {"statusCode": status, "error": error, "message": message}
    output = {"statusCode": status, "payload": payload, "headers": {}}
    return Refusal(400, {"data": None, "isBoom": True, "isServer": False, "output": output})


def connection_closed_in_check() -> Refusal:
    return boom(428, "Precondition Required", "Connection Closed")


def nothing_in_check() -> Refusal:
    """An Error has no fields of its own, so that JSON makes {} of it: of an instance that was never
    connected, and of a connected one whose question WhatsApp did not answer."""
    return Refusal(400, {})
