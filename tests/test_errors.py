"""Every error carries its code, its status, and whether trying again can help."""

import pytest

from widget.errors import STATUS, AppError, ErrorCode, Refused
from widget.gateways.base import GatewayError, GatewayErrorCode
from widget.places import Crowded


def test_every_code_has_a_status() -> None:
    assert set(STATUS) == set(ErrorCode)


@pytest.mark.parametrize(
    ("error", "refusal", "status", "retry"),
    [
        (Refused(ErrorCode.NOT_ALLOWED), ErrorCode.NOT_ALLOWED, 403, False),
        (Refused(ErrorCode.NOT_ALLOWED, 404, "chat"), ErrorCode.NOT_ALLOWED, 404, False),
        (Refused(ErrorCode.PORTAL_BUSY, until=5.0), ErrorCode.PORTAL_BUSY, 429, True),
        (GatewayError(GatewayErrorCode.TIMED_OUT, until=7.0), ErrorCode.LINE_TROUBLE, 502, True),
        (Crowded(), ErrorCode.CROWDED, 503, True),
    ],
)
def test_an_error_knows_its_code_its_status_and_if_trying_again_helps(
    error: AppError, refusal: ErrorCode, status: int, retry: bool
) -> None:
    assert (error.refusal, error.status, error.retry) == (refusal, status, retry)
