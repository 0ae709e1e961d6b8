"""Files of Bitrix24 Drive as an employee sees them: their storages, folders, and where a file is
fetched from.

b24restdocs: api-reference/disk/storage/disk-storage-get-list.md,
disk/folder/disk-folder-get-children.md, disk/file/disk-file-get.md. Only what the employee may read
is shown: it is asked with their own token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from widget.bitrix24.rest import Rest
from widget.errors import ErrorCode, Refused
from widget.storage.portals import Portal
from widget.untrusted import as_dict, as_positive_int, as_rows, as_str

READS_DRIVE = "disk"
PAGE = 50  # of one answer
MAX_ID = 2**53


@dataclass(frozen=True)
class DriveItem:
    """`size` is bytes, 0 for a folder."""

    id: int
    name: str
    folder: bool
    size: int = 0


def read_storages(rest: Rest, portal: Portal, user_id: int) -> list[DriveItem]:
    """The first 50 storages, each as its root folder. One outside call. Raises Refused."""
    answer = _call(rest, portal, user_id, "disk.storage.getlist", {})
    rows = [as_dict(row) for row in as_rows(answer)]
    return [
        DriveItem(root, as_str(row.get("NAME"), 200), folder=True)
        for row in rows
        if (root := as_positive_int(row.get("ROOT_OBJECT_ID")))
    ]


def read_folder(rest: Rest, portal: Portal, user_id: int, folder_id: int, start: int) -> list[DriveItem]:
    """At most 50 things in a folder from this place on. One outside call. Raises Refused."""
    answer = _call(rest, portal, user_id, "disk.folder.getchildren", {"id": folder_id, "start": start})
    return [item for row in as_rows(answer) if (item := _item(as_dict(row)))]


def read_file_address(rest: Rest, portal: Portal, user_id: int, file_id: int) -> tuple[DriveItem, str]:
    """A file, and the address that it is fetched from, which holds a token of the employee's. One
    outside call. Raises Refused, FILE_GONE where it is not a file of theirs."""
    row = as_dict(_call(rest, portal, user_id, "disk.file.get", {"id": file_id}))
    item, address = _item(row), as_str(row.get("DOWNLOAD_URL"), 2000)
    if item is None or item.folder or not address:
        raise Refused(ErrorCode.FILE_GONE, reason="file of the drive")
    return item, address


def _call(rest: Rest, portal: Portal, user_id: int, method: str, params: Mapping[str, Any]) -> Any:
    if READS_DRIVE not in portal.scopes:
        raise Refused(ErrorCode.PORTAL_SCOPE, reason=READS_DRIVE)
    return rest.call(portal, user_id, method, params)


def _item(row: Mapping[str, Any]) -> DriveItem | None:
    item_id, name = as_positive_int(row.get("ID")), as_str(row.get("NAME"), 200)
    if not item_id or not name:
        return None
    return DriveItem(item_id, name, row.get("TYPE") == "folder", as_positive_int(row.get("SIZE")))
