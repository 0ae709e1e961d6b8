"""The errors that people see, by code. A template turns a code into a text; logic never holds sentences."""

from enum import Enum


class Refusal(Enum):
    """Why a request gets no answer. The value is what the page's texts are keyed by."""

    BAD_FORM = "bad_form"  # something in the request is missing, huge or of the wrong type
    NO_AUTH = "no_auth"  # Bitrix24 gave no token, or the token does not prove what the form says
    SESSION_OVER = "session_over"  # our own session is missing, old or forged
    UNKNOWN_PORTAL = "unknown_portal"
    UNKNOWN_PLACEMENT = "unknown_placement"
    CARD_NOT_SAVED = "card_not_saved"
    NOT_ADMIN = "not_admin"
    NOT_ALLOWED = "not_allowed"  # the card, phone, line or chat is not this user's
    CARD_GONE = "card_gone"
    PORTAL_BUSY = "portal_busy"
    PORTAL_CLOSED = "portal_closed"
    PORTAL_PLAN = "portal_plan"
    PORTAL_DENIED = "portal_denied"  # no access, and the portal's words do not say why
    PORTAL_UNPAID = "portal_unpaid"  # the application's own subscription has ended
    PORTAL_BLOCKED = "portal_blocked"  # Bitrix24's support stopped the portal's REST
    PORTAL_CONFIRM = "portal_confirm"  # an administrator of the portal has to allow a method first
    PORTAL_SCOPE = "portal_scope"
    PORTAL_MOVED = "portal_moved"
    PORTAL_ADDRESS = "portal_address"  # the host in the address bar is one that no page can be allowed to be framed by
    PORTAL_FAILED = "portal_failed"
    LINE_TROUBLE = "line_trouble"
    LINE_DOWN = "line_down"  # its gateway would keep the message and send it some day
    LINE_OFF = "line_off"  # switched off or removed by an administrator: its chats can only be read
    FIRSTS_SPENT = "firsts_spent"  # the line wrote to as many strangers as it may in a day
    SENDS_SPENT = "sends_spent"  # it sent as much as it may for now
    CHECKS_SPENT = "checks_spent"  # its gateway looks a number up before it sends, and the line may check no more
    CANNOT_COUNT = "cannot_count"  # what the line sends cannot be counted now
    LINE_RESTRICTED = "line_restricted"  # WhatsApp lets the line start no new chats
    UNSUPPORTED = "unsupported"  # the line's gateway cannot do that
    MESSAGE_GONE = "message_gone"
    TOO_LATE = "too_late"  # WhatsApp lets a message be changed for a while only
    FILE_GONE = "file_gone"
    FILE_ELSEWHERE = "file_elsewhere"  # at a host that only the operator may name
    FILE_TYPE = "file_type"  # a program
    NOT_FOUND = "not_found"
    CROWDED = "crowded"  # this company's requests hold as many threads as one may; nothing was done
    TOO_LARGE = "too_large"
    BROKEN = "broken"


class Refused(Exception):
    """Raised where a request must end; carries the code, the HTTP status and, for logs only, a reason.

    The reason never holds a token, a full number or a text; for an error of Bitrix24 it is the error's code.
    `until` is when trying again may help (unix seconds), 0 where nobody said. `about` is what the text names.
    """

    def __init__(
        self, refusal: Refusal, status: int = 400, reason: str = "", *, until: float = 0.0, about: str = ""
    ) -> None:
        super().__init__(f"{refusal.value}: {reason}" if reason else refusal.value)
        self.refusal = refusal
        self.status = status
        self.reason = reason
        self.until = until
        self.about = about
