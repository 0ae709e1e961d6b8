"""What Evolution answers besides messages: its errors as ours, checks, and the list of chats.

Errors come in three shapes (all measured): `{status, error, response: {message}}`, where `message`
is a text, a list or a list of lists; `{status, error, message}` for a body that its schema refuses;
and from the check, which catches errors itself (chat.router.ts), a bare Boom of Baileys or `{}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from widget.gateways.base import ChatList, CheckResult, GatewayError, GatewayErrorCode, ListedChat
from widget.gateways.calls import may_have_acted
from widget.gateways.evolution.messages import has_arrived, ids_of, is_ours, person_id, time_of
from widget.http import HttpResponse
from widget.phones.spellings import phone_of_digits
from widget.untrusted import as_dict, as_positive_int, as_str

# What is said in the message of an error. The first that fits.
SAID = (
    ("connection closed", GatewayErrorCode.LINE_DOWN),
    ("(reading 'onwhatsapp')", GatewayErrorCode.LINE_DOWN),  # an instance that was never connected has no client to ask
    ("is not connected", GatewayErrorCode.LINE_DOWN),
    ("rate-overlimit", GatewayErrorCode.THROTTLED),
    ("input buffer", GatewayErrorCode.MALFORMED),  # of a picture that cannot be read («has corrupt header», «is empty»)
    ("wauploadtoserver", GatewayErrorCode.MALFORMED),  # a file that could not be brought to WhatsApp
    ("fetch failed", GatewayErrorCode.UNREACHABLE),  # by Evolution, where it fetches a file
    ("error 463", GatewayErrorCode.RESTRICTED),  # the reach-out time-lock (WhiskeySockets/Baileys#2441)
    ("message not found", GatewayErrorCode.NO_SUCH_THING),
    ("message not compatible", GatewayErrorCode.NO_SUCH_THING),  # what an edit says of a message it does not have
    ("not of the media type", GatewayErrorCode.NO_SUCH_THING),
    ("status code 404", GatewayErrorCode.NO_SUCH_THING),  # WhatsApp's servers keep files for some weeks
    ("status code 410", GatewayErrorCode.NO_SUCH_THING),
)
# Status codes inside a Boom (WhiskeySockets/Baileys, DisconnectReason), and 429 for WhatsApp's
# rate-overlimit.
BOOM = {
    401: GatewayErrorCode.LINE_DOWN,
    408: GatewayErrorCode.TIMED_OUT,
    428: GatewayErrorCode.LINE_DOWN,
    429: GatewayErrorCode.THROTTLED,
    463: GatewayErrorCode.RESTRICTED,
    503: GatewayErrorCode.LINE_DOWN,
    515: GatewayErrorCode.LINE_DOWN,
}
STATUSES = {
    400: GatewayErrorCode.MALFORMED,
    401: GatewayErrorCode.CREDENTIALS,
    403: GatewayErrorCode.CREDENTIALS,
    404: GatewayErrorCode.NO_SUCH_THING,
    429: GatewayErrorCode.BUSY,  # a guard of Evolution's own (evolution-foundation/evolution-api#2581) or of a proxy
}
# A 5xx leaves open whether a message went out, unless it names one of these. «Connection Closed»
# does: a send asks WhatsApp about the number first, and Baileys writes the message last, through a
# socket that it finds open or closed (Socket/socket.ts, sendRawMessage). Both measured on a line
# without a connection: 500, and nothing left.
BEFORE_SENDING = frozenset(
    {GatewayErrorCode.LINE_DOWN, GatewayErrorCode.THROTTLED, GatewayErrorCode.RESTRICTED, GatewayErrorCode.MALFORMED}
)
MAX_PAUSE = 86_400  # seconds


def json_of(answer: HttpResponse) -> Any:
    """The JSON of a success. Raises GatewayError for everything else."""
    body = answer.json()
    if answer.status not in (200, 201):
        code = code_of(answer.status, body)
        own_words = code in BEFORE_SENDING and bool(as_dict(body))
        sent = may_have_acted(answer.status, own_words=own_words)
        raise GatewayError(code, sent=sent, until=_until(answer.headers))
    if body is None:
        raise GatewayError(GatewayErrorCode.BROKEN_ANSWER, sent=True)
    return body


def code_of(status: int, body: Any) -> GatewayErrorCode:
    """The class of an error answer."""
    if status == 400 and body == {}:  # of an instance that was never connected (measured)
        return GatewayErrorCode.LINE_DOWN
    error = as_dict(body)
    boom = as_dict(error.get("output")).get("statusCode") if error.get("isBoom") is True else None
    for code in (boom, error.get("data")):
        if isinstance(code, int) and code in BOOM:
            return BOOM[code]
    if status in (401, 403, 429):
        return STATUSES[status]
    if status == 404 and _names_no_instance(error):  # the name is looked at before the key (measured)
        return GatewayErrorCode.LINE_DOWN
    if status == 400 and any(as_dict(one).get("exists") is False for one in _leaves(error)):
        return GatewayErrorCode.NOT_ON_WHATSAPP
    said = " ".join(one for one in _leaves(error) if isinstance(one, str))[:4000].lower()
    known = next((code for words, code in SAID if words in said), None)
    return known or STATUSES.get(status, GatewayErrorCode.BROKEN_ANSWER)


def instance_is_unknown(answer: HttpResponse) -> bool:
    """A 404 of Evolution about the instance, not one of a proxy or of another program at this
    address."""
    return answer.status == 404 and _names_no_instance(as_dict(answer.json()))


def says_nothing(answer: HttpResponse) -> bool:
    """The error of a check that does not say what it is: an instance that was never connected says
    so (measured), and so does a connected one whose question WhatsApp did not answer."""
    return answer.status == 400 and (not answer.body.strip() or answer.json() in ({}, []))


def list_in(answer: Any) -> list[Any]:
    """An answer that is a list. Raises GatewayError(BROKEN_ANSWER)."""
    if not isinstance(answer, list):
        raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
    return answer


def checked_of(listed: Sequence[Any], asked: Mapping[str, str]) -> dict[str, CheckResult]:
    """Answers by the phones that were asked, whose digits are the keys of `asked`.

    `number` echoes what was asked, `jid` is WhatsApp's own spelling, which differs for Brazil,
    Mexico and Argentina (src/utils/createJid.ts). A yes is ours by either; a no only by the echo,
    because the jid of a no is merely computed (evolution-foundation/evolution-api#2308). What is
    missing, strange or said both ways stays unknown.
    """
    found: dict[str, CheckResult] = {}
    torn = set()
    for item in map(as_dict, listed):
        exists, jid = item.get("exists"), person_id(item.get("jid"))
        phone = asked.get(as_str(item.get("number"), 40).partition("@")[0].lstrip("+"))
        if phone is None and exists is True:
            phone = asked.get(jid.removesuffix("@s.whatsapp.net"))  # the digits of a LID are not a phone
        if phone is None or not isinstance(exists, bool):
            continue
        if found.get(phone, CheckResult(exists)).exists is not exists:
            torn.add(phone)
        found[phone] = CheckResult(True, jid) if exists else CheckResult(False)
    return {phone: answer for phone, answer in found.items() if phone not in torn}


def chats_by_phone(listed: Sequence[Any]) -> ChatList:
    """The chats with people that name their phone, by that, in their own id or in their last
    message."""
    found = ChatList()
    found.whole = True
    for chat in map(as_dict, listed):
        last, chat_id = as_dict(chat.get("lastMessage")), person_id(chat.get("remoteJid"))
        if not chat_id or not last:
            continue
        named = next((one for one in (chat_id, *ids_of(last.get("key"))) if not one.endswith("@lid")), "")
        phone = phone_of_digits(named.partition("@")[0])
        if phone:
            found.setdefault(phone, listed_chat(chat_id, [last]))
        else:
            found.whole = False
    return found


def listed_chat(chat_id: str, newest: Sequence[Mapping[str, Any]]) -> ListedChat:
    """A chat by its newest messages, of which there is one at least."""
    return ListedChat(
        chat_id,
        time_of(newest[0]),
        has_messages=True,
        heard=not all(map(is_ours, newest)),
        arrived=any(map(has_arrived, newest)),
    )


def _names_no_instance(error: Mapping[str, Any]) -> bool:
    return any(isinstance(one, str) and one.endswith("instance does not exist") for one in _leaves(error))


def _leaves(error: Mapping[str, Any]) -> Iterator[Any]:
    """What an error says, out of all its lists."""
    payload = as_dict(as_dict(error.get("output")).get("payload"))
    waiting = [as_dict(error.get("response")).get("message"), error.get("message"), payload.get("message")]
    for one in waiting[:200]:  # bounded, since lists may hold lists
        if isinstance(one, list):
            yield from _flat(one, 3)
        else:
            yield one


def _flat(several: Sequence[Any], depth: int) -> Iterator[Any]:
    for one in several[:50]:
        if isinstance(one, list) and depth:
            yield from _flat(one, depth - 1)
        else:
            yield one


def _until(headers: Mapping[str, str]) -> float:
    """When Retry-After ends, in unix seconds by the gateway's own clock (Date); 0.0 if it does not
    say."""
    said = headers.get("retry-after", "").strip()
    try:
        if seconds := min(as_positive_int(said), MAX_PAUSE):
            return parsedate_to_datetime(headers.get("date", "")).timestamp() + seconds
        return parsedate_to_datetime(said).timestamp() if said else 0.0
    except (ValueError, OverflowError):
        return 0.0
