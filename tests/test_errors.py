"""Every error carries its code, its status, and whether trying again can help."""

import pytest

from widget.errors import STATUS, AppError, Refusal, Refused
from widget.gateways.base import GatewayError, Trouble
from widget.places import Crowded


def test_every_code_has_a_status() -> None:
    assert set(STATUS) == set(Refusal)


@pytest.mark.parametrize(
    ("error", "refusal", "status", "retry"),
    [
        (Refused(Refusal.NOT_ALLOWED), Refusal.NOT_ALLOWED, 403, False),
        (Refused(Refusal.NOT_ALLOWED, 404, "chat"), Refusal.NOT_ALLOWED, 404, False),
        (Refused(Refusal.PORTAL_BUSY, until=5.0), Refusal.PORTAL_BUSY, 429, True),
        (GatewayError(Trouble.TIMED_OUT, until=7.0), Refusal.LINE_TROUBLE, 502, True),
        (Crowded(), Refusal.CROWDED, 503, True),
    ],
)
def test_an_error_knows_its_code_its_status_and_if_trying_again_helps(
    error: AppError, refusal: Refusal, status: int, retry: bool
) -> None:
    assert (error.refusal, error.status, error.retry) == (refusal, status, retry)
