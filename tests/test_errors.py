"""Every error carries its code, its status, and whether trying again can help."""

import ast

import pytest

from tests.house.sources import code
from widget.errors import STATUS, AppError, ErrorCode, Refused
from widget.gateways.base import GatewayError, GatewayErrorCode
from widget.places import Crowded


def test_every_code_has_a_status() -> None:
    assert set(STATUS) == set(ErrorCode)


@pytest.mark.parametrize(
    ("error", "code", "status", "retry"),
    [
        (Refused(ErrorCode.NOT_ALLOWED), ErrorCode.NOT_ALLOWED, 403, False),
        (Refused(ErrorCode.NOT_ALLOWED, 404, "chat"), ErrorCode.NOT_ALLOWED, 404, False),
        (Refused(ErrorCode.PORTAL_BUSY, until=5.0), ErrorCode.PORTAL_BUSY, 503, True),
        (GatewayError(GatewayErrorCode.TIMED_OUT, until=7.0), ErrorCode.LINE_TROUBLE, 502, True),
        (Crowded(), ErrorCode.CROWDED, 503, True),
    ],
)
def test_an_error_knows_its_code_its_status_and_if_trying_again_helps(
    error: AppError, code: ErrorCode, status: int, retry: bool
) -> None:
    assert (error.code, error.status, error.retry) == (code, status, retry)


# What errors.py says of each.
MEANT = {
    ErrorCode.NOT_ALLOWED: {404, 409, 422},
    ErrorCode.BAD_FORM: {400, 409},
    ErrorCode.NO_AUTH: {403},
    ErrorCode.MESSAGE_GONE: {409},
    ErrorCode.TOO_LARGE: {422},
    ErrorCode.PORTAL_BUSY: {429},
}


def test_a_status_is_given_only_where_it_means_something_else_than_the_codes_own() -> None:
    given, needless = 0, []
    for path, tree in code("widget"):
        for node in ast.walk(tree):
            match node:
                case ast.Call(ast.Name("Refused"), [ast.Attribute(_, name), ast.Constant(int(status)), *_]):
                    given += 1
                    needless += [f"{path}:{node.lineno}"] if status not in MEANT.get(ErrorCode[name], ()) else []
    assert given > 20  # or nothing was read
    assert needless == []
    assert not any(STATUS[code] in statuses for code, statuses in MEANT.items())
