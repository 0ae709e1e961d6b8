"""The errors that people see, by code. A template turns a code into a text; logic never holds
sentences.

AppError             a code, its HTTP status, and whether trying again can help
├─ Refused           a request must end
├─ GatewayError      a gateway gave no usable answer (gateways/base.py)
└─ Crowded           the company's share of the threads is taken (places.py)

Only the error handler (widget/__init__.py) makes an answer of them. What one room raises for
another to catch, as the cache's StoreGone and http.py's OutsideError, is not among them.
"""

from collections.abc import Mapping
from enum import Enum


class ErrorCode(Enum):
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
    LATER_TIME = "later_time"  # the time for a message is past, too far away, or not known
    LATER_NIGHT = "later_night"  # the client would sleep then
    LATER_FULL = "later_full"  # the line has as many messages in that hour as it may
    LATER_BUSY = "later_busy"  # it is being sent at this moment
    KEPT_FULL = "kept_full"  # the portal keeps as many files as it may
    UNFILLED = "unfilled"  # the text holds a variable of a quick reply that has no value
    NOT_A_PLACE = "not_a_place"  # what was typed holds no coordinates
    NOT_A_PHONE = "not_a_phone"  # a contact card without a name, or a number of a phone
    UNSUPPORTED = "unsupported"  # the line's gateway cannot do that
    MESSAGE_GONE = "message_gone"
    TOO_LATE = "too_late"  # WhatsApp lets a message be changed for a while only
    FILE_GONE = "file_gone"
    FILE_ELSEWHERE = "file_elsewhere"  # at a host that only the operator may name
    FILE_TYPE = "file_type"  # blocked: one that runs when it is opened
    VOICE_UNREADABLE = "voice_unreadable"  # not a recording that a voice message can be made of
    VOICE_TOO_LONG = "voice_too_long"
    NOT_FOUND = "not_found"
    CROWDED = "crowded"  # this company's requests hold as many threads as one may; nothing was done
    TOO_LARGE = "too_large"
    STORE_GONE = "store_gone"  # the database cannot be asked now, or takes no writes
    BROKEN = "broken"


# HTTP statuses by code, for the error handler alone. What one that is raised with another status
# means: NOT_ALLOWED 404 a stranger must not learn of it, 409 not as things stand, 422 a value that
# no page of ours offers; BAD_FORM 400 it cannot be read, 409 it was used or done already; NO_AUTH
# 403 a good token of another user or application; MESSAGE_GONE 409 not missing; TOO_LARGE 422 too
# many; PORTAL_BUSY 429 this address asked too often; BROKEN 502 a portal calls it our mistake.
STATUS: Mapping[ErrorCode, int] = {
    **dict.fromkeys((ErrorCode.UNKNOWN_PLACEMENT, ErrorCode.PORTAL_ADDRESS), 400),
    **dict.fromkeys((ErrorCode.NO_AUTH, ErrorCode.SESSION_OVER), 401),
    **dict.fromkeys((ErrorCode.UNKNOWN_PORTAL, ErrorCode.NOT_ADMIN, ErrorCode.NOT_ALLOWED, ErrorCode.CARD_GONE), 403),
    **dict.fromkeys((ErrorCode.PORTAL_CLOSED, ErrorCode.PORTAL_PLAN, ErrorCode.PORTAL_UNPAID), 403),
    **dict.fromkeys((ErrorCode.PORTAL_CONFIRM, ErrorCode.PORTAL_SCOPE, ErrorCode.PORTAL_DENIED), 403),
    **dict.fromkeys((ErrorCode.NOT_FOUND, ErrorCode.MESSAGE_GONE, ErrorCode.FILE_GONE, ErrorCode.FILE_ELSEWHERE), 404),
    **dict.fromkeys((ErrorCode.LINE_DOWN, ErrorCode.LINE_OFF, ErrorCode.LINE_RESTRICTED, ErrorCode.TOO_LATE), 409),
    ErrorCode.TOO_LARGE: 413,
    **dict.fromkeys((ErrorCode.LATER_TIME, ErrorCode.LATER_NIGHT), 422),
    **dict.fromkeys((ErrorCode.LATER_FULL, ErrorCode.LATER_BUSY, ErrorCode.KEPT_FULL), 409),
    **dict.fromkeys((ErrorCode.BAD_FORM, ErrorCode.UNSUPPORTED, ErrorCode.FILE_TYPE, ErrorCode.UNFILLED), 422),
    **dict.fromkeys((ErrorCode.NOT_A_PLACE, ErrorCode.NOT_A_PHONE), 422),
    **dict.fromkeys((ErrorCode.FIRSTS_SPENT, ErrorCode.SENDS_SPENT, ErrorCode.CHECKS_SPENT), 429),
    **dict.fromkeys((ErrorCode.VOICE_UNREADABLE, ErrorCode.VOICE_TOO_LONG), 422),
    ErrorCode.BROKEN: 500,
    **dict.fromkeys((ErrorCode.PORTAL_FAILED, ErrorCode.PORTAL_MOVED, ErrorCode.LINE_TROUBLE), 502),
    **dict.fromkeys((ErrorCode.PORTAL_BUSY, ErrorCode.PORTAL_BLOCKED), 503),
    **dict.fromkeys((ErrorCode.CROWDED, ErrorCode.CANNOT_COUNT, ErrorCode.STORE_GONE), 503),
    ErrorCode.CARD_NOT_SAVED: 200,  # Bitrix24 draws the page of a card that has no id yet
}

# Codes after which the same request may succeed, by itself or when an administrator has mended
# something.
WORTH_RETRYING = frozenset(
    {
        *(
            ErrorCode.PORTAL_BUSY,
            ErrorCode.PORTAL_FAILED,
            ErrorCode.PORTAL_MOVED,
            ErrorCode.LINE_TROUBLE,
            ErrorCode.BROKEN,
        ),
        *(
            ErrorCode.CROWDED,
            ErrorCode.STORE_GONE,
            ErrorCode.CARD_GONE,
            ErrorCode.PORTAL_PLAN,
            ErrorCode.PORTAL_CLOSED,
            ErrorCode.PORTAL_SCOPE,
        ),
        *(ErrorCode.PORTAL_UNPAID, ErrorCode.PORTAL_BLOCKED, ErrorCode.PORTAL_CONFIRM, ErrorCode.PORTAL_DENIED),
    }
)


class AppError(Exception):
    """The root. `reason` is for logs only: it never holds a token, a full number or a text; for an
    error of Bitrix24 it is the error's code. `until` is when trying again may help (unix seconds),
    0 where that is not known. `about` is what the text names.
    """

    def __init__(
        self, code: ErrorCode, reason: str = "", *, status: int | None = None, until: float = 0.0, about: str = ""
    ) -> None:
        super().__init__(f"{code.value}: {reason}" if reason else code.value)
        self.code = code
        self.reason = reason
        self.status = STATUS[code] if status is None else status
        self.until = until
        self.about = about

    @property
    def retry(self) -> bool:
        """Whether trying again can help."""
        return self.code in WORTH_RETRYING


class Refused(AppError):
    """Raised where a request must end. `status` only where it differs from the code's own."""

    def __init__(
        self, code: ErrorCode, status: int | None = None, reason: str = "", *, until: float = 0.0, about: str = ""
    ) -> None:
        super().__init__(code, reason, status=status, until=until, about=about)
