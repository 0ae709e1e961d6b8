"""The contact centre as JSON, for tests."""

from typing import Any

from .model import ContactCentre, LineChat


def centre_json(centre: ContactCentre) -> dict[str, Any]:
    links = [
        {"connector": c, "line": n, "status": link.status, "data": link.data} for (c, n), link in centre.links.items()
    ]
    return {
        "lines": [{"id": line.id, "name": line.name, "active": line.active} for line in centre.lines.values()],
        "connectors": {each.id: each.flags for each in centre.connectors.values()},
        "links": links,
        "chats": [_chat(chat) for chat in centre.chats.values()],
        "collisions": centre.collisions,
    }


def _chat(chat: LineChat) -> dict[str, Any]:
    return {
        "id": chat.id,
        "line": chat.line,
        "outside": chat.outside,
        "user_code": chat.user_code,
        "name": chat.name,
        "client": chat.client.id,
        "owner": chat.owner,
        "members": sorted(chat.members),
        "waiting": chat.is_waiting,
        "open": chat.session is not None,
        "sessions": len(chat.sessions),
        "bindings": {str(kind): number for kind, number in chat.bindings.items()},
        "messages": [
            {
                "id": one.id,
                "author": "client" if one.author == chat.client.id else one.author,
                "text": one.text,
                "outside": one.outside,
                "files": one.files,
                "sending": one.sending,
                "hidden": one.hidden,
                "edited": one.edited,
            }
            for one in chat.messages
            if not one.deleted
        ],
    }
