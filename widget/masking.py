"""What may be kept of a request and its answer: their shape, codes and short ids. Pure.

Bitrix24 asks for a log of REST calls (b24restdocs, market/requirements); clients' numbers, names,
texts and tokens are none of a log's business. So it is a list of what stays, and everything else
becomes «…».
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

HIDDEN = "…"
MAX_KEPT = 4000  # characters of one kept request or answer
MAX_ITEMS = 8  # of a list: 50 kB of answer cost 2 ms
DEEPEST = 12

# Keys whose values are ids, codes, counts or flags, in lower case and without underscores.
# fmt: off
_PLAIN = frozenset({
    "id", "ids", "total", "next", "start", "halt", "error", "limit", "offset", "order", "active", "sort",
    "operating", "type", "typeid", "entitytypeid", "entityid", "entity", "entitytype", "ownertypeid", "ownerid",
    "contactid", "contactids", "companyid", "companyids", "userid", "usertypeid", "fieldname", "placement", "event",
    "eventtype", "scope", "status", "installed", "paymentexpired", "days", "version", "admin", "zone", "lang",
    "languageid", "valuetype", "isclientenabled", "isexisting", "isavailable", "multiple", "mandatory", "showfilter",
    "method", "argument", "timezone", "connector", "line", "access", "required", "selector",
})
# fmt: on
_CODE = re.compile(r"[A-Za-z0-9_.,:/=@*$\[\]-]{0,60}")
_NUMBER = re.compile(r"\d(?:[\s().\-/:,_]*\d){6,}")  # with what people put between digits
_TOKEN = re.compile(r"[A-Za-z0-9]{24,}|(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}")


def masked(value: Any, key: str = "") -> Any:
    """The value without anything that identifies a person, opens a door or was written by a person.

    The key decides whether a plain value stays; a list's items have the key of the list.
    """
    return _masked(value, key, DEEPEST)


def masked_json(value: Any) -> str:
    """The masked value as JSON, cut to what is worth keeping."""
    text = json.dumps(masked(value), ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= MAX_KEPT else text[: MAX_KEPT - 1] + HIDDEN


def masked_words(words: str) -> str:
    """What another system says in a sentence, without numbers and tokens."""
    return _TOKEN.sub(HIDDEN, _NUMBER.sub(HIDDEN, words))


def masked_body(body: bytes) -> str:
    """An answer's body as masked JSON; of a body that is not JSON only the size stays."""
    try:
        return masked_json(json.loads(body))
    except (ValueError, RecursionError):
        return f"not JSON, {min(len(body), 999_999)} bytes"


def _masked(value: Any, key: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if depth == 0:
        return HIDDEN
    if isinstance(value, Mapping):
        if key == "cmd":
            return {_safe_key(name): _command(command, depth) for name, command in value.items()}
        return {_safe_key(name): _masked(inner, str(name), depth - 1) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        kept = [_masked(inner, key, depth - 1) for inner in value[:MAX_ITEMS]]
        return kept + ([HIDDEN] if len(value) > MAX_ITEMS else [])
    return _plain(value) if _is_plain(key) else HIDDEN


def _command(command: Any, depth: int) -> Any:
    """One command of a batch, `method?a=1&b[c]=2`."""
    method, _, query = str(command).partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    return [_plain(method), {_safe_key(name): _masked(value, name, depth - 1) for name, value in parameters}]


def _plain(value: Any) -> Any:
    if isinstance(value, int):
        return value if abs(value) < 1_000_000 else HIDDEN
    if isinstance(value, float):
        return round(value, 3) if abs(value) < 1_000_000 else HIDDEN
    text = str(value)
    hidden = not _CODE.fullmatch(text) or _NUMBER.search(text) or _TOKEN.search(text)
    return HIDDEN if hidden else text


def _safe_key(name: Any) -> str:
    """Keys are field names; anything else that came as one is hidden like a value."""
    return str(_plain(str(name)))


def _is_plain(key: str) -> bool:
    """The last name in filter[=id] or FIELDS[ID]; the index in ids[0] is not a name."""
    names = [name for name in re.split(r"[\[\]]", key) if name and not name.isdecimal()]
    return bool(names) and names[-1].lower().replace("_", "").lstrip("=!@<>%") in _PLAIN
