"""What gateways say when they do not do it, in their own words, and what each is in ours."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from widget.gateways.base import GatewayErrorCode
from widget.gateways.evolution.answers import code_of as of_evolution
from widget.gateways.green.codes import error_of as of_green
from widget.gateways.waha.codes import code_of as of_waha
from widget.http import HttpResponse

READERS: dict[str, Callable[[int, Any], GatewayErrorCode]] = {
    "waha": lambda status, body: of_waha(HttpResponse(status, {}, json.dumps(body).encode())),
    "evolution": of_evolution,
    "green": lambda status, body: of_green(HttpResponse(status, {}, json.dumps(body).encode())).gateway_code,
}
NO_STORE = "Enable NOWEB store 'config.noweb.store.enabled=True' and 'config.noweb.store.full_sync=True'"
ONE_SESSION = "WAHA Core support only 'default' session. You tried to access 'sales' session."


@pytest.mark.parametrize(
    ("vendor", "status", "said", "trouble"),
    [
        ("waha", 400, NO_STORE, GatewayErrorCode.UNSUPPORTED),
        ("waha", 422, 'Session "sales" does not exist', GatewayErrorCode.LINE_DOWN),
        ("waha", 422, ONE_SESSION, GatewayErrorCode.LINE_DOWN),
        (
            "waha",
            422,
            "Session status is not as expected. Try again later or restart the session",
            GatewayErrorCode.LINE_DOWN,
        ),
        ("waha", 500, "Connection Closed", GatewayErrorCode.LINE_DOWN),
        # GOWS asks WhatsApp's servers for it, and they may be slow: that is no «not on WhatsApp».
        ("waha", 500, "no LID found for 79261112233@s.whatsapp.net from server", GatewayErrorCode.BROKEN_ANSWER),
        ("evolution", 404, 'The "branch" instance does not exist', GatewayErrorCode.LINE_DOWN),
        ("evolution", 500, "Input buffer has corrupt header", GatewayErrorCode.MALFORMED),
        ("evolution", 500, "this.client.waUploadToServer is not a function", GatewayErrorCode.MALFORMED),
        ("evolution", 400, "TypeError: fetch failed", GatewayErrorCode.UNREACHABLE),
        ("evolution", 500, "Error: Connection Closed", GatewayErrorCode.LINE_DOWN),
        ("green", 400, "instance in starting process try later", GatewayErrorCode.LINE_DOWN),
        ("green", 403, "Instance account is expired", GatewayErrorCode.PLAN_ENDED),
        ("green", 403, "Instance is deleted", GatewayErrorCode.LINE_DOWN),
        ("green", 400, "check phone number timeout limit exceeded", GatewayErrorCode.TIMED_OUT),
    ],
)
def test_each_of_a_vendors_own_words_is_one_of_our_troubles(
    vendor: str, status: int, said: str, trouble: GatewayErrorCode
) -> None:
    body = {"status": status, "response": {"message": [said]}} if vendor == "evolution" else {"message": said}

    assert READERS[vendor](status, body) is trouble


@pytest.mark.parametrize("vendor", ["waha", "evolution"])
def test_the_reps_own_words_in_an_error_that_repeats_its_request_decide_nothing(vendor: str) -> None:
    for words in (
        "error 463",
        "rate-overlimit",
        "request entity too large",
        "Connection Closed",
        "instance is deleted",
    ):
        body = {"statusCode": 500, "request": {"body": {"text": words}}, "exception": {"message": "Internal error"}}
        assert READERS[vendor](500, body) is GatewayErrorCode.BROKEN_ANSWER
