"""Files of Bitrix24 Drive in an open chat: looked through, and fetched for the composer."""

from mimetypes import guess_type

from flask import render_template
from flask.typing import ResponseReturnValue

from widget.bitrix24.drive import MAX_ID, PAGE, read_file_address, read_folder, read_storages
from widget.chats.context import chat_to_change, download
from widget.chats.files import MAX_FILE_SIZE
from widget.chats.pages import pages
from widget.errors import ErrorCode, Refused
from widget.forms import id_field, json_body
from widget.services import services

DEEPEST = 5000  # things of one folder that can be looked through


@pages.post("/<int:chat_id>/drive")
def look_into_drive(chat_id: int) -> ResponseReturnValue:
    """The storages, or what is in a `folder` from `start` on. One outside call."""
    context, _line, _chat = chat_to_change(chat_id)
    body = json_body()
    folder, start = id_field(body, "folder"), min(id_field(body, "start") or 0, DEEPEST)
    who = services().bitrix24.rest, context.portal, context.viewer.user_id
    found = read_folder(*who, folder, start) if folder else read_storages(*who)
    items = sorted(found, key=lambda item: (not item.folder, item.name.casefold()))
    more = start + PAGE if folder and len(found) == PAGE else 0
    types = {item.id: guess_type(item.name)[0] or "" for item in items}
    return render_template("chats/_drive.html", items=items, folder=folder, more=more, types=types)


@pages.post("/<int:chat_id>/drive/<int:file_id>")
def fetch_from_drive(chat_id: int, file_id: int) -> ResponseReturnValue:
    """The file, as this user may read it: it is attached, and goes out like any other. Two outside
    calls."""
    context, _line, _chat = chat_to_change(chat_id)
    here = services()
    if file_id >= MAX_ID:
        raise Refused(ErrorCode.FILE_GONE, reason="file of the drive")
    item, address = read_file_address(here.bitrix24.rest, context.portal, context.viewer.user_id, file_id)
    if item.size > MAX_FILE_SIZE:
        raise Refused(ErrorCode.TOO_LARGE, reason="file of the drive")
    return download(here.open_lines.portal_files.fetch(context.portal, item.name, address).body)
