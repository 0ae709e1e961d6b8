"""Who it is comes from the authorisation server alone; whatever else a form or a header claims
shows nothing."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from sandbox.portal.credentials import PORTALS
from tests.stand import DEAL, CardPage, Outside, Widget, in_russian

MakeWidget = Callable[..., Widget]
NO_AUTH = "No authorization data from Bitrix24"
SESSION_OVER = "This page has been open too long"


@pytest.fixture
def trap() -> Iterator["Trap"]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Trap(server)


class Trap:
    """Somebody else's server that waits for a call from us."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self.domain = f"127.0.0.1:{server.getsockname()[1]}"

    def was_called(self) -> bool:
        self._server.setblocking(False)  # a connection is accepted by the kernel before anybody asks for it
        try:
            self._server.accept()[0].close()
        except BlockingIOError:
            return False
        return True


def with_query(opening: dict[str, Any], **changes: str | None) -> dict[str, Any]:
    split = urlsplit(opening["action"])
    query = {**dict(parse_qsl(split.query)), **changes}
    said = urlencode({name: value for name, value in query.items() if value is not None})
    return {**opening, "action": f"{split.scheme}://{split.netloc}{split.path}?{said}"}


def assert_refused(page: CardPage, status: int, refusal: str, text: str = "", lang: str = "en") -> None:
    """A clear page with nothing of the card in it, framed by nobody we do not know, and no
    cookie."""
    answer = page.answer
    assert (answer.status_code, page.refusal) == (status, refusal)
    if text:
        assert (text if lang == "en" else in_russian(text)) in page.words
    for secret in ("961 951", "7961", "951-00-00", "Петров", "Соколова", "Билайн", "data-session", "data-opening"):
        assert secret not in page.text
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "Set-Cookie" not in answer.headers
    assert not [name for name in answer.headers.keys() if name.lower().startswith("access-control")]  # noqa: SIM118
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_form_without_a_token_gets_the_causes_and_what_to_do(widget: Widget, outside: Outside, lang: str) -> None:
    page = widget.post_opening(outside.opening(lang=lang), AUTH_ID="")

    assert_refused(page, 401, "no_auth", NO_AUTH, lang)
    causes = (
        "You have no access to this application: ask an administrator of your Bitrix24.",
        "The card has been open for a long time: close it and open it again.",
    )
    for cause in causes:
        assert (cause if lang == "en" else in_russian(cause)) in page.words
    if lang == "ru":
        assert "Нет данных авторизации от Битрикс24" in page.words
    assert outside.total("portal") == 0


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_made_up_token_shows_nothing(widget: Widget, outside: Outside, lang: str) -> None:
    page = widget.post_opening(outside.opening(lang=lang), AUTH_ID="f" * 70).reveal()

    assert_refused(page, 401, "no_auth", NO_AUTH, lang)
    assert_nothing_came_of_it(widget, page, outside)


@pytest.mark.parametrize("fault", ["wrong_member", "wrong_client"])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_token_of_another_portal_or_application_shows_nothing(
    widget: Widget, outside: Outside, fault: str, lang: str
) -> None:
    page = widget.open(lang=lang)
    outside.break_portal(fault, "oauth:app.info")

    assert_refused(page.reveal(), 403, "no_auth", NO_AUTH, lang)
    assert_nothing_came_of_it(widget, page, outside)


def assert_nothing_came_of_it(widget: Widget, page: CardPage, outside: Outside) -> None:
    """The card's batch may be on its way, with the token that came; none of it is shown or kept."""
    assert (page.session, page.rows, outside.total("gateway")) == ("", {}, 0)
    assert widget.services.storage.tokens.users(widget.portals[0]) == []


def test_a_refused_proof_is_not_remembered_as_a_proof(widget: Widget, outside: Outside) -> None:
    page = widget.open()
    outside.break_portal("wrong_member", "oauth:app.info", times=1)
    assert page.reveal().answer.status_code == 403

    assert page.reveal().answer.status_code == 403
    assert page.session == ""


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_portal_nobody_added_is_told_to_install(widget: Widget, outside: Outside, lang: str) -> None:
    page = widget.post_opening(outside.opening(lang=lang), member_id="0" * 32)

    assert_refused(page, 403, "unknown_portal", "The application is not set up for this Bitrix24", lang)
    assert outside.total("portal") == 0


def test_nothing_is_ever_fetched_from_an_address_that_came_with_a_request(
    widget: Widget, outside: Outside, trap: Trap
) -> None:
    opening = with_query(outside.opening(), DOMAIN=trap.domain, PROTOCOL="0")
    opening["fields"] |= {
        "SERVER_ENDPOINT": f"http://{trap.domain}/rest/",
        "DOMAIN": trap.domain,
        "client_endpoint": f"http://{trap.domain}/rest/",
    }

    assert len(widget.post_opening(opening).reveal().rows) == 6
    app = {**opening, "action": opening["action"].replace("/placement", "/app")}
    assert widget.post_opening(app).answer.status_code == 200
    assert not trap.was_called()


@pytest.mark.parametrize("path", ["/placement", "/app"])
def test_a_portal_is_framed_under_the_name_that_the_browser_shows(widget: Widget, outside: Outside, path: str) -> None:
    opening = with_query(outside.opening(), DOMAIN="crm.company.ru:8443", PROTOCOL="1")

    page = widget.post_opening({**opening, "action": opening["action"].replace("/placement", path)})

    assert page.answer.status_code == 200
    assert "frame-ancestors https://crm.company.ru:8443" in page.answer.headers["Content-Security-Policy"]
    assert 'data-portal-origin="https://crm.company.ru:8443"' in page.text
    assert widget.services.storage.portals.get(widget.portals[0]).domain != "crm.company.ru:8443"


def test_a_name_that_nobody_proved_frames_only_words(widget: Widget, outside: Outside) -> None:
    opening = with_query(outside.opening(lang="en"), DOMAIN="evil.example", PROTOCOL="1")

    assert_refused(widget.post_opening(opening, AUTH_ID="f" * 70), 401, "no_auth", NO_AUTH, "en")


@pytest.mark.parametrize("domain", ["[2001:db8::7]:8443", "crm.company.ru."])
def test_a_host_that_no_policy_can_name_gets_a_page_with_words(widget: Widget, outside: Outside, domain: str) -> None:
    opening = with_query(outside.opening(lang="en"), DOMAIN=domain, PROTOCOL="1")

    page = widget.post_opening(opening)

    assert page.refusal == "portal_address"
    assert "Open Bitrix24 by its usual name" in page.words
    assert page.answer.headers["Content-Security-Policy"].endswith("frame-ancestors https:")


def test_a_form_without_a_domain_is_called_at_the_stored_address(widget: Widget, outside: Outside, trap: Trap) -> None:
    opening = with_query(outside.opening(), DOMAIN=None)
    opening["fields"]["SERVER_ENDPOINT"] = f"http://{trap.domain}/rest/"

    page = widget.post_opening(opening).reveal()

    assert len(page.rows) == 6
    assert not trap.was_called()


def test_the_trap_notices_a_call(trap: Trap) -> None:
    thread = threading.Thread(target=lambda: socket.create_connection(trap.domain.split(":")).close())
    thread.start()
    thread.join()
    assert trap.was_called()


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_token_of_the_second_portal_is_worth_nothing_with_the_firsts_member_id(
    widget: Widget, outside: Outside, lang: str
) -> None:
    theirs = outside.opening(portal=2, lang=lang)
    said_openly = widget.post_opening(theirs, member_id=PORTALS[0].member_id)
    assert_refused(said_openly, 403, "no_auth", NO_AUTH, lang)

    # The same token in an otherwise honest form of the first portal.
    page = widget.post_opening(outside.opening(lang=lang), AUTH_ID=theirs["fields"]["AUTH_ID"])
    assert_refused(page.reveal(), 403, "no_auth", NO_AUTH, lang)


def test_the_user_is_the_tokens_owner_whatever_the_form_says(widget: Widget, outside: Outside) -> None:
    opening = outside.opening("/crm/deal/details/7048/", user="restricted", lang="en")
    opening["fields"] |= {"USER_ID": "1", "user_id": "1"}

    page = widget.post_opening(opening).reveal()

    assert "1 linked client is not available to you" in page.words
    assert "67 123" not in page.text


@pytest.mark.parametrize("changed", ["cut", "grown", "swapped", "empty", "other_secret", "huge", "not_ascii"])
def test_a_tampered_session_is_no_session(widget: Widget, changed: str) -> None:
    page = widget.open().reveal()
    good = page.session
    assert page.post("/card", {"pressed": True}).answer.status_code == 200
    forged = {
        "cut": good[:-1],
        "grown": good + "A",
        "swapped": ("B" if good[0] != "B" else "C") + good[1:],
        "empty": "",
        "other_secret": URLSafeTimedSerializer("x" * 40, salt="session-1").dumps(
            {"portal_id": 1, "user_id": 1, "entity_type_id": 2, "entity_id": 7045, "language": "ru"}
        ),
        "huge": good * 60,
        "not_ascii": "é" + good,
    }[changed]

    answer = page.client.post("/card", json={"pressed": True}, headers={"X-Session": forged})

    assert (answer.status_code, answer.headers["X-Refusal"]) == (401, "session_over")
    assert "951-00-00" not in answer.get_data(as_text=True)


def aged_session(widget: Widget, page: CardPage, minutes: float) -> str:
    """The page's session as it would have been signed that long ago."""

    class Past(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - int(60 * minutes)

    session = widget.services.entrance.session_tokens.read_session(page.session)
    secret = widget.services.infra.config.secret_key
    return str(URLSafeTimedSerializer(secret, salt="session-1", signer=Past).dumps(vars(session)))


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_session_ends_after_its_minutes_and_is_renewed_with_a_fresh_token(
    make_widget: MakeWidget, outside: Outside, lang: str
) -> None:
    widget = make_widget(session_minutes=30)
    page = widget.open(lang=lang).reveal()
    page.session = aged_session(widget, page, 29)
    assert page.reveal().answer.status_code == 200

    page.session = aged_session(widget, page, 31)
    assert_refused(page.reveal(), 401, "session_over")

    fresh = outside.opening(lang=lang)["fields"]["AUTH_ID"]
    renewed = page.client.post("/session", json={"auth": fresh}, headers={"X-Opening": page.opening_ticket})
    assert renewed.status_code == 204
    page.session = renewed.headers["X-Session"]
    assert len(page.reveal().rows) == 6


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_page_whose_session_ended_is_told_so_in_its_language(widget: Widget, lang: str) -> None:
    page = widget.open(lang=lang).reveal()
    page.session = aged_session(widget, page, 24 * 60)

    headers = {"X-Session": page.session, "Accept-Language": f"{lang}-XX,{lang};q=0.9"}
    page.answer = page.client.post("/card", json={"pressed": True}, headers=headers)
    assert_refused(page, 401, "session_over", SESSION_OVER, lang)


@pytest.mark.parametrize("token", ["f" * 70, "second portal's"])
def test_a_session_is_not_renewed_for_a_token_that_proves_nothing(widget: Widget, outside: Outside, token: str) -> None:
    page = widget.open()
    auth = token if token[0] == "f" else outside.opening(portal=2)["fields"]["AUTH_ID"]

    answer = page.client.post("/session", json={"auth": auth}, headers={"X-Opening": page.opening_ticket})

    assert answer.headers["X-Refusal"] == "no_auth"
    assert "X-Session" not in answer.headers


def test_a_session_is_not_renewed_without_the_opening_of_a_card(widget: Widget, outside: Outside) -> None:
    token = outside.opening()["fields"]["AUTH_ID"]

    answer = widget.app.test_client().post("/session", json={"auth": token})

    assert (answer.status_code, answer.headers["X-Refusal"]) == (401, "session_over")


def test_a_session_of_another_card_opens_nothing_of_this_one(widget: Widget) -> None:
    deal = widget.open(DEAL).reveal()
    key, chat = deal.keys["+7 961 951-00-00"], deal.open_chat(deal.keys["+7 961 951-00-00"]).chat

    lead = widget.open("/crm/lead/details/501/").reveal()

    assert lead.open_chat(key).answer.status_code == 403
    assert lead.check([key]).answer.status_code == 403
    assert lead.history(chat).answer.status_code == 403
    assert lead.send(chat, "Hello", "key-1").answer.status_code == 403
    assert "Hello" not in lead.text


def test_a_session_whose_card_was_exchanged_is_refused_by_its_signature(widget: Widget) -> None:
    page = widget.open("/crm/lead/details/501/").reveal()
    session_tokens = widget.services.entrance.session_tokens
    mine = session_tokens.read_session(page.session)
    body = URLSafeTimedSerializer("guessed" * 6, salt="session-1").dumps(vars(replace(mine, entity_id=7045)))
    page.session = body.rsplit(".", 1)[0] + "." + page.session.rsplit(".", 1)[1]

    assert_refused(page.reveal(), 401, "session_over")


def test_no_answer_ever_sets_a_cookie_or_opens_itself_to_other_origins(widget: Widget) -> None:
    page = widget.open()
    answers = [page.answer, page.reveal().answer, page.check().answer, page.refresh().answer]
    answers += [page.post("/card/lines", {"line": None}).answer]
    chat = page.reveal().open_chat(page.keys["+7 961 951-00-00"]).chat
    answers += [page.answer, page.history(chat).answer, page.send(chat, "Hello", "k").answer]
    other = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answers += [page.client.options("/card", headers=other), page.client.get("/health/live", headers=other)]

    for answer in answers:
        names = {name.lower() for name, _value in answer.headers}
        assert "set-cookie" not in names
        assert not [name for name in names if name.startswith("access-control")]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_a_renamed_portal_is_followed_once_the_authorisation_server_says_so(widget: Widget, outside: Outside) -> None:
    """The stored address is an old one; the form comes from the new one and the token proves it."""
    portals = widget.services.storage.portals
    stored = portals.get(widget.portals[0])
    portals.move(stored.id, domain="old.example", endpoint="http://old.example/rest/")

    page = widget.open().reveal()

    assert len(page.rows) == 6
    assert portals.get(stored.id).endpoint == stored.endpoint
    assert outside.calls("portal") == {"oauth:app.info": 1, "batch": 1}
