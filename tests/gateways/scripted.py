"""Gateways that say what a test wants, over a transport of its own."""

import httpx
import pytest

from widget.gateways.base import GatewayError, GatewayErrorCode


def trouble(call) -> GatewayErrorCode:
    with pytest.raises(GatewayError) as error:
        call()
    return error.value.gateway_code


def scripted(*answers):
    """A transport that gives these answers in turn, the last one again and again, and keeps the
    requests."""
    left, requests = list(answers), []

    def answer(request):
        requests.append(request)
        found = left.pop(0) if len(left) > 1 else left[0]
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    transport = httpx.MockTransport(answer)
    transport.requests = requests
    return transport


def answering(status=200, **answer):
    """A transport that always gives this answer, and keeps the requests."""
    requests = []

    def answer_to(request):
        requests.append(request)
        return httpx.Response(status, **answer)

    transport = httpx.MockTransport(answer_to)
    transport.requests = requests
    return transport
