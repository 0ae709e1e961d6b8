"""Bitrix24 Drive: storages, folders, files, and the address that a file is fetched from.

b24restdocs, api-reference/disk/*. An address holds a token, and is good for who has it.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from .asked import Asked, Method
from .batch import Answer
from .errors import RestError
from .portals import SandboxPortals

PAGE = 50
STORAGES = {1: ("Мой диск", "user", 11), 2: ("Общий диск", "common", 12)}  # name, whose, root folder


@dataclass(frozen=True)
class DriveObject:
    """Without a `body` it is a folder. `readers` are ids of users, none are all."""

    name: str
    parent: int
    body: bytes | None = None
    readers: tuple[int, ...] = ()


OBJECTS = {
    21: DriveObject("Прайсы", 12),
    22: DriveObject("прайс 2027.pdf", 21, b"%PDF-1.4 prices"),
    23: DriveObject("Только для директора.txt", 12, b"secret", readers=(1,)),
    24: DriveObject("setup.exe", 12, b"MZ\x00\x00"),
    **{100 + n: DriveObject(f"фото {n:03}.jpg", 11, b"\xff\xd8\xff") for n in range(60)},
}


def _storages(_asked: Asked) -> Answer:
    rows = [
        {"ID": str(number), "NAME": name, "ENTITY_TYPE": kind, "MODULE_ID": "disk", "ROOT_OBJECT_ID": str(root)}
        for number, (name, kind, root) in STORAGES.items()
    ]
    return Answer(rows, total=len(rows))


def _children(asked: Asked) -> Answer:
    folder, start = _number(asked, "id"), int(asked.params.get("start") or 0)
    known = {root for _name, _kind, root in STORAGES.values()} | {n for n, o in OBJECTS.items() if o.body is None}
    if folder not in known:
        raise _not_found(folder)
    inside = [n for n, thing in OBJECTS.items() if thing.parent == folder and _may_read(asked, thing)]
    rows = [_told(asked, number) for number in inside[start : start + PAGE]]
    return Answer(rows, total=len(inside), next=start + PAGE if len(inside) > start + PAGE else None)


def _file(asked: Asked) -> Answer:
    number = _number(asked, "id")
    thing = OBJECTS.get(number)
    if thing is None or thing.body is None:
        raise _not_found(number)
    if not _may_read(asked, thing):
        raise RestError("ACCESS_DENIED", "Access denied", 403)
    return Answer(_told(asked, number))


def _told(asked: Asked, number: int) -> dict[str, Any]:
    thing = OBJECTS[number]
    about = {"ID": str(number), "NAME": thing.name, "PARENT_ID": str(thing.parent), "DELETED_TYPE": "0"}
    if thing.body is None:
        return {**about, "TYPE": "folder"}
    token = secrets.token_hex(16)
    asked.state.downloads[token] = number
    origin = asked.state.portal.origin(asked.portals.port)
    address = f"{origin}/disk/downloadFile/{number}/?&ncc=1&auth={token}"
    return {**about, "TYPE": "file", "SIZE": str(len(thing.body)), "DOWNLOAD_URL": address}


def _may_read(asked: Asked, thing: DriveObject) -> bool:
    return not thing.readers or asked.user.id in thing.readers


def _number(asked: Asked, name: str) -> int:
    value = str(asked.params.get(name) or "")
    if not value.isdecimal():
        raise RestError("ERROR_ARGUMENT", f"Invalid value of parameter {{{name}}}")
    return int(value)


def _not_found(number: int) -> RestError:
    return RestError("ERROR_NOT_FOUND", f"Could not find entity with id `{number}`.")


METHODS: dict[str, Method] = {
    "disk.storage.getlist": _storages,
    "disk.folder.getchildren": _children,
    "disk.file.get": _file,
}


def drive_pages(portals: SandboxPortals) -> Blueprint:
    pages = Blueprint("drive", __name__)

    @pages.get("/disk/downloadFile/<int:number>/")
    def download(number: int) -> ResponseReturnValue:
        if portals.state_here().downloads.get(request.args.get("auth", "")) != number:
            abort(401)
        return OBJECTS[number].body or b"", 200, {"Content-Type": "application/octet-stream"}

    return pages
