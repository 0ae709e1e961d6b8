"""The files a rep sends: what is let through, and the words that stand for one (pure).

A client's own phone is not protected here, but a company must not become the sender of a virus
because one of its computers has one: what runs by a click on some system is not passed on. The list
is the one of mail services (support.google.com/mail/answer/6590), with what has come since.
"""

import re
import unicodedata

from werkzeug.datastructures import FileStorage

from widget.chats.cards import is_card
from widget.errors import ErrorCode, Refused
from widget.gateways.base import File
from widget.storage.kept_files import MAX_FILE, KeptFile

MAX_FILE_SIZE = 16 * 1024 * 1024  # held in memory while it is sent; also what WhatsApp takes of pictures and videos
MAX_NAME = 120
# fmt: off
RUNS = frozenset({
    "ade", "adp", "apk", "app", "appx", "appxbundle", "bat", "cab", "chm", "cmd", "com", "cpl", "diagcab", "dll",
    "dmg", "elf", "ex", "ex_", "exe", "hta", "ins", "iso", "isp", "jar", "jnlp", "js", "jse", "lib", "lnk", "mde",
    "mjs", "msc", "msi", "msix", "msp", "mst", "nsh", "pif", "pkg", "ps1", "reg", "run", "scr", "sct", "sh", "shb",
    "sys", "vb", "vbe", "vbs", "vhd", "vxd", "wsc", "wsf", "wsh", "xll",
})
# fmt: on
BEGINS = (b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe")
_VOICE_LABEL = re.compile("🎤\u2063 [0-9]:[0-9]{2}")  # with a sign that no hand types, as in cards.py
_MIMETYPE = re.compile(r"[a-z]{1,20}/[\w.+-]{1,100}", re.ASCII)


def accepted(name: str, mimetype: str, body: bytes, *, largest: int) -> File:
    """A file that may go out, under a name that is only a name. Raises Refused."""
    if not body:
        raise Refused(ErrorCode.BAD_FORM, reason="an empty file")
    if len(body) > min(largest, MAX_FILE_SIZE):
        raise Refused(ErrorCode.TOO_LARGE, reason="file")
    name = _plain_name(name)
    if RUNS.intersection(name.lower().split(".")[-1:]) or _is_program(body):
        raise Refused(ErrorCode.FILE_TYPE, reason="blocked file type")
    kind = mimetype.partition(";")[0].strip().lower()
    return File(kind if _MIMETYPE.fullmatch(kind) else "application/octet-stream", name, body)


def kept(uploaded: FileStorage, *, largest: int = MAX_FILE) -> KeptFile:
    """An uploaded file as it is kept until it goes out. Raises Refused as `accepted` does."""
    largest = min(largest, MAX_FILE)
    file = accepted(uploaded.filename or "", uploaded.mimetype or "", uploaded.read(), largest=largest)
    return KeptFile(file.name, file.mimetype, len(file.body), body=file.body)


def label_of(name: str, caption: str) -> str:
    """The text of a send that is a file; the file itself is not kept."""
    return f"📎 {name}" + (f"\n{caption}" if caption else "")


def voice_label(seconds: int) -> str:
    """The text of a send that is a voice message."""
    return f"🎤\u2063 {seconds // 60}:{seconds % 60:02}"


def is_label(text: str) -> bool:
    """Whether the text of a send stands for a file, a voice message, a place or a contact card: for
    what is not kept, and is sent under an id of the gateway's own."""
    return text.startswith(label_of("", "")) or is_voice_label(text) or is_card(text)


def is_voice_label(text: str) -> bool:
    return _VOICE_LABEL.fullmatch(text) is not None


def _is_program(body: bytes) -> bool:
    """By its first bytes, not by its name. «MZ» alone may also be a word."""
    return body.startswith(BEGINS) or (body.startswith(b"MZ") and b"\x00" in body[:64])


def _plain_name(name: str) -> str:
    """Without folders, and without the marks that turn «exe.jpg» around (U+202E) or end a line."""
    last = re.split(r"[/\\]", name)[-1].encode("utf-8", "replace").decode()
    shown = "".join(sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cf", "Zl", "Zp"))
    shown = shown.strip(" .")
    stem, dot, ending = shown.rpartition(".")
    if len(shown) > MAX_NAME and dot:
        shown = f"{stem[: MAX_NAME - 12]}.{ending[:10]}"
    return shown[:MAX_NAME] or "file"
