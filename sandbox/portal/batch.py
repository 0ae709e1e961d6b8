"""The method `batch`: many commands in one request, each able to name results of those before it.

Follows the server: module rest, classes/general/rest_provider.php (methodsBatch) and rest_util.php
(ParseBatchQuery, processBatchStructure, processBatchElement);
settings/how-to-call-rest-api/batch.md in bitrix24/b24restdocs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import RestError
from .php import as_php, is_truthy, parse_str, split_call

LENGTH = 50  # the 51st command and those after it are refused one by one
NOT_HERE = ("batch", "download", "upload")
# The name is found in any case but looked up as written, and a reference reaches to the next white
# space.
REFERENCE = re.compile(r"\$(result|next|total|time|error)(\S*)", re.IGNORECASE | re.ASCII)
STEP = re.compile(r"\[([^\]]+)\]")


@dataclass
class Answer:
    """What one method returns: `total` and `next` only come with lists."""

    result: Any
    total: int | None = None
    next: int | None = None


Call = Callable[[str, dict[str, Any]], tuple[Answer, dict[str, Any]]]


def run_batch(params: dict[str, Any], call: Call) -> dict[str, Any]:
    """Run the commands in order. Never fails as a whole: errors are told per command.

    `call(method, params)` runs one command and gives its answer and its time block, or raises
    RestError.
    """
    given = {key.upper(): value for key, value in params.items()}
    commands = given.get("CMD")
    halt = is_truthy(given.get("HALT"))
    done: dict[str, dict[str, Any]] = {"result": {}, "next": {}, "total": {}, "time": {}, "error": {}}
    for place, (key, command) in enumerate(_pairs(commands)):
        if not isinstance(command, str) and place < LENGTH:
            continue  # the server skips it without a word
        try:
            _run_one(command, place, call, done, key)
        except RestError as error:
            done["error"][key] = error.body()
            if error.time:
                done["time"][key] = error.time
            if halt:
                break
    named = {"result": "result", "error": "result_error", "total": "result_total", "next": "result_next"}
    return {name: as_php(done[kind]) for kind, name in {**named, "time": "result_time"}.items()}


def _run_one(command: str, place: int, call: Call, done: dict[str, dict[str, Any]], key: str) -> None:
    if place >= LENGTH:
        raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
    method, query = split_call(command)
    params = substitute(parse_str(query), done)
    if method.lower() in NOT_HERE:
        raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
    answer, spent = call(method, params)
    done["result"][key] = answer.result
    done["time"][key] = spent
    if answer.total is not None:
        done["total"][key] = answer.total
    if answer.next is not None:
        done["next"][key] = answer.next


def substitute(value: Any, done: dict[str, dict[str, Any]]) -> Any:
    """Replace the references in values; names of parameters stay as they are."""
    if isinstance(value, dict):
        return {key: substitute(each, done) for key, each in value.items()}
    if isinstance(value, list):
        return [substitute(each, done) for each in value]
    return _substitute_text(value, done)


def _substitute_text(text: str, done: dict[str, dict[str, Any]]) -> Any:
    changed = text
    for match in REFERENCE.finditer(text):
        path = STEP.findall(match[2])
        if not path:
            continue
        found = _deepest(done.get(match[1]), path)
        if match[0] == text:
            return as_php(found)  # a value that is one reference becomes the result itself, arrays too
        if isinstance(found, (str, int, float)) and not isinstance(found, bool):
            changed = changed.replace(match[0], str(found))
    return changed


def _deepest(value: Any, path: list[str]) -> Any:
    """Walk the path as far as it goes. Where it ends in nothing or null, what was reached before
    stands."""
    for step in path:
        found = _step(value, step)
        if found is None:
            return value
        value = found
    return value


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, (list, str)) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def _pairs(commands: Any) -> list[tuple[str, Any]]:
    if isinstance(commands, dict):
        return list(commands.items())
    if isinstance(commands, list):
        return [(str(place), command) for place, command in enumerate(commands)]
    return []
