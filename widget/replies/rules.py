"""What a quick reply must be, typed in a form or read from a file (pure)."""

from dataclasses import dataclass, replace
from enum import Enum

from widget.i18n import languages
from widget.storage.replies import QuickReply
from widget.variables import TemplateFault, error_in

MAX_NAME = 100
MAX_CATEGORY = 60
MAX_TEXT = 4000  # a text of WhatsApp has 4096, and values may be longer than their variables


class ReplyFault(Enum):
    """What is wrong with a quick reply. Templates put the value into words."""

    NO_NAME = "no_name"
    NO_TEXT = "no_text"
    NAME_TOO_LONG = "name_too_long"
    CATEGORY_TOO_LONG = "category_too_long"
    TEXT_TOO_LONG = "text_too_long"
    LANGUAGE = "language"
    UNKNOWN_VARIABLE = "unknown_variable"
    STRAY_BRACE = "stray_brace"
    TOO_MANY = "too_many"
    NOT_A_FILE = "not_a_file"  # neither our JSON nor a table
    NO_COLUMNS = "no_columns"
    EMPTY_FILE = "empty_file"
    LETTERS = "letters"
    TOO_MANY_FILES = "too_many_files"
    TOO_MANY_LISTS = "too_many_lists"  # different ones of who may use or change some


@dataclass(frozen=True)
class ReplyError:
    """`row` counts from 1 in a file, 0 is the whole of it; `about` is the name that is not
    known."""

    fault: ReplyFault
    about: str = ""
    row: int = 0


_OF_TEMPLATE = {TemplateFault.UNKNOWN: ReplyFault.UNKNOWN_VARIABLE, TemplateFault.BRACE: ReplyFault.STRAY_BRACE}


def tidy(reply: QuickReply) -> QuickReply:
    """Names on one line, a text without spaces around it."""
    return replace(
        reply,
        name=" ".join(reply.name.split()),
        category=" ".join(reply.category.split()),
        text=reply.text.replace("\r\n", "\n").replace("\r", "\n").strip(),
    )


def error_of(reply: QuickReply) -> ReplyError | None:
    """The first thing that is wrong with a tidy reply; None where nothing is."""
    wrong = {
        ReplyFault.NO_NAME: not reply.name,
        ReplyFault.NO_TEXT: not reply.text,
        ReplyFault.NAME_TOO_LONG: len(reply.name) > MAX_NAME,
        ReplyFault.CATEGORY_TOO_LONG: len(reply.category) > MAX_CATEGORY,
        ReplyFault.TEXT_TOO_LONG: len(reply.text) > MAX_TEXT,
        ReplyFault.LANGUAGE: reply.language not in ("", *languages()),
        ReplyFault.LETTERS: "\x00" in f"{reply.name}{reply.category}{reply.text}",
    }
    fault = next((fault for fault, is_wrong in wrong.items() if is_wrong), None)
    if fault:
        return ReplyError(fault)
    template = error_in(reply.text)
    return ReplyError(_OF_TEMPLATE[template.fault], template.about) if template else None
