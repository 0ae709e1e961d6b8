"""One company must not hurt the others: its slow gateway, its many reps, its large answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from urllib.parse import urlsplit

import httpx
import pytest

from tests.stand import Clock, Outside, config_for, start_widget
from widget.current import company_of_request
from widget.gateways.base import GatewayError, GatewayErrorCode
from widget.gateways.breaker import Breaker
from widget.gateways.calls import Calls, Timeouts
from widget.http import OutsideError, fetch
from widget.openlines.files import FileRef
from widget.places import Crowded, Places, at_place

SHARE = 3


class Crowd(httpx.HTTPTransport):
    """A company whose gateway, once it is slow, holds as many of its reps' requests as the company
    may have."""

    def __init__(self, outside: Outside, clock: Clock, database: str) -> None:
        super().__init__()
        self.slow, self.waiting = False, Semaphore(0)
        self.answers = Event()
        self.gateway = urlsplit(outside.gateway).port
        config = config_for(outside, database, portal_requests=SHARE)
        self.widget = start_widget(outside, config, clock, client=lambda: httpx.Client(transport=self))
        self.cards = [self.widget.open().reveal() for _ in range(SHARE + 1)]
        self.chat = self.cards[0].open_chat(self.cards[0].keys["+7 961 951-00-00"]).chat

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.slow and request.url.port == self.gateway:
            self.waiting.release()
            assert self.answers.wait(60)
        return super().handle_request(request)

    def gather(self, pool: ThreadPoolExecutor) -> None:
        """Return when the gateway holds the whole share."""
        self.slow = True
        self.held = [pool.submit(card.history, self.chat) for card in self.cards[:SHARE]]
        for _ in range(SHARE):
            assert self.waiting.acquire(timeout=60)

    def end(self) -> None:
        self.answers.set()
        self.statuses = {held.result().answer.status_code for held in self.held}


@pytest.fixture
def crowd(outside: Outside, clock: Clock, empty_database: str) -> Iterator[Crowd]:
    crowd = Crowd(outside, clock, empty_database)
    with ThreadPoolExecutor(SHARE) as pool:
        crowd.gather(pool)
        yield crowd
        crowd.end()


def test_what_comes_beyond_a_companys_share_is_refused_at_once_in_words_and_not_done(crowd: Crowd) -> None:
    rep = crowd.cards[-1]

    refused = rep.send(crowd.chat, "Добрый день", "key-1")

    assert (refused.answer.status_code, refused.refusal) == (503, "crowded")
    assert "Nothing was done and nothing is lost" in refused.words or "ничего не потеряно" in refused.words
    assert 'data-action="retry"' in refused.text
    assert refused.answer.headers["Retry-After"] == "2"
    assert crowd.widget.services.storage.sends.by_key(crowd.widget.portals[0], "key-1") is None


def test_another_company_and_the_operator_are_served_meanwhile(crowd: Crowd) -> None:
    assert crowd.widget.open(portal=2).reveal().answer.status_code == 200
    assert crowd.cards[-1].client.get("/health/live").status_code == 200


def test_who_proves_nothing_cannot_take_a_companys_places(crowd: Crowd) -> None:
    crowd.end()
    places = crowd.widget.services.entrance.places
    forged = [places.take(("/app", "a" * 32)) for _ in range(SHARE)]

    assert crowd.cards[-1].history(crowd.chat).answer.status_code == 200
    for place in forged:
        place.leave()


def test_an_opening_which_anybody_gets_takes_none_of_a_companys_places(crowd: Crowd) -> None:
    crowd.end()
    app, card = crowd.widget.app, crowd.widget.open()
    with app.test_request_context("/card", headers={"X-Opening": card.opening_ticket}):
        opened = company_of_request()
    with app.test_request_context("/card", headers={"X-Session": card.reveal().session}):
        proved = company_of_request()

    assert proved == crowd.widget.portals[0]
    assert opened != proved


def test_all_that_one_company_fetches_or_is_told_shares_its_places_and_what_is_made_up_too(crowd: Crowd) -> None:
    """However many addresses a company has: files of messages, webhooks of lines."""
    crowd.end()
    services, client = crowd.widget.services, crowd.cards[-1].client
    mine, theirs = ([addressed(crowd, portal, number) for number in range(2)] for portal in crowd.widget.portals)
    full = [services.entrance.places.take(("openlines.file", crowd.widget.portals[0])) for _ in range(SHARE)]
    full += [services.entrance.places.take(("hooks.gateway", 0)) for _ in range(SHARE)]

    assert {client.get(path).status_code for path in mine} == {503}
    assert {client.get(path).status_code for path in theirs} == {404}  # there is no such chat
    assert {client.post(f"/hooks/gateway/made-up-{number}", json={}).status_code for number in range(2)} == {503}
    assert client.get("/openlines/files/made-up/a.jpg").status_code == 404
    assert crowd.cards[-1].history(crowd.chat).answer.status_code == 200
    for place in full:
        place.leave()


def addressed(crowd: Crowd, portal_id: int, number: int) -> str:
    """An address from which Bitrix24 may fetch a file, of a chat that is not there."""
    address: str = crowd.widget.services.open_lines.addresses.of(FileRef(portal_id, 10_000 + number, "m"), "a.jpg")
    return urlsplit(address).path


def test_a_place_is_free_again_when_its_request_has_ended(crowd: Crowd) -> None:
    crowd.end()
    assert crowd.statuses == {200}

    assert crowd.cards[-1].send(crowd.chat, "Добрый день", "key-1").answer.status_code == 201


def test_answers_of_one_company_that_are_too_large_together_are_not_read_to_their_end() -> None:
    places = Places(requests=2, size=1000)
    client = httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(200, content=b"x" * 600)))
    first, second, other = places.take("one"), places.take("one"), places.take("two")

    def ask() -> int:
        return len(fetch(client, "GET", "https://gw.example/", timeout=30).body)

    with at_place(first):
        assert ask() == 600
    with at_place(second), pytest.raises(OutsideError):
        ask()
    with at_place(other):
        assert ask() == 600
    first.leave()
    with at_place(second):
        assert ask() == 600


def test_an_answer_that_comes_after_its_request_has_ended_holds_nothing() -> None:
    places = Places(requests=2, size=1000)
    ended, next_one = places.take("one"), places.take("one")
    ended.leave()

    assert ended.carry(800)
    assert next_one.carry(800)


def test_answers_for_which_there_is_no_room_are_no_fault_of_their_gateway() -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(200, content=b"x" * 600)))
    calls = Calls(client, "https://gw.example", Timeouts(30, 30, 30), Breaker(Clock()))
    with at_place(Places(requests=1, size=100).take("one")):
        for _more_than_a_breaker_bears in range(9):
            with pytest.raises(GatewayError) as error:
                calls.fetch("GET", "/x", 30)
            assert error.value.gateway_code is GatewayErrorCode.BROKEN_ANSWER
    assert calls.fetch("GET", "/x", 30).status == 200


def test_places_are_counted_for_each_company_by_itself() -> None:
    places = Places(requests=1, size=1)
    first = places.take("one")
    places.take("two")
    with pytest.raises(Crowded):
        places.take("one")
    first.leave()
    places.take("one")
