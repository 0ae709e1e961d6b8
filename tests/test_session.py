import base64
import json
import time
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet, MultiFernet
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from widget.errors import ErrorCode, Refused
from widget.session import MAX_TICKET, OPENING_SECONDS, Launch, Session, SessionTokens

SECRET = "s" * 40
KEY = Fernet(Fernet.generate_key())
MINUTE = 60
SESSION = Session(portal_id=1, user_id=2, entity_type_id=2, entity_id=7045, language="ru", edit_mode=True)
OPENING = Launch(
    member_id="a1f0c3d2",
    domain="example.bitrix24.com",
    access_token="ACCESS9d4c7166007e9c94",
    refresh_token="REFRESH8c3b9966007e9c94",
    expires_in=3600,
    entity_type_id=2,
    entity_id=7045,
    language="ru",
)
TOKENS = SessionTokens(SECRET, MultiFernet([KEY]), 60 * MINUTE)
OTHERS = SessionTokens("t" * 40, MultiFernet([Fernet(Fernet.generate_key())]), 60 * MINUTE)


@pytest.fixture(params=["session", "opening"])
def kind(request):
    """Both kinds of ticket: how one is made, and how it is read."""
    return {
        "session": (
            lambda session_tokens: session_tokens.sign_session(SESSION),
            lambda session_tokens, ticket: session_tokens.read_session(ticket),
        ),
        "opening": (
            lambda session_tokens: session_tokens.encrypt_launch(OPENING),
            lambda session_tokens, ticket: session_tokens.read_launch(ticket),
        ),
    }[request.param]


def refused(read, *args):
    with pytest.raises(Refused) as error:
        read(*args)
    assert error.value.code is ErrorCode.SESSION_OVER
    assert error.value.status == 401


def test_a_ticket_brings_back_what_was_put_in():
    assert TOKENS.read_session(TOKENS.sign_session(SESSION)) == SESSION
    assert TOKENS.read_launch(TOKENS.encrypt_launch(OPENING)) == OPENING


def test_a_ticket_made_with_another_key_is_refused(kind):
    make, read = kind
    refused(read, TOKENS, make(OTHERS))


def test_a_ticket_is_refused_wherever_a_character_of_it_was_changed(kind):
    make, read = kind
    ticket = make(TOKENS)
    for place in range(0, len(ticket) - 2, 7):
        other = "A" if ticket[place] != "A" else "B"
        refused(read, TOKENS, ticket[:place] + other + ticket[place + 1 :])


def test_a_cut_ticket_is_refused(kind):
    make, read = kind
    ticket = make(TOKENS)
    for end in range(0, len(ticket) - 1, 5):
        refused(read, TOKENS, ticket[:end])


@pytest.mark.parametrize(
    "ticket", ["", " ", ".", "a.b.c", "x" * (MAX_TICKET + 1), "тикет", "\udc80", "\x00", "null", "e30."]
)
def test_nonsense_is_refused(kind, ticket):
    _make, read = kind
    refused(read, TOKENS, ticket)


@given(st.text(max_size=300))
def test_whatever_comes_in_a_header_is_refused(ticket):
    refused(TOKENS.read_session, ticket)
    refused(TOKENS.read_launch, ticket)


def test_one_kind_is_not_taken_for_the_other():
    refused(TOKENS.read_session, TOKENS.encrypt_launch(OPENING))
    refused(TOKENS.read_launch, TOKENS.sign_session(SESSION))


def test_a_ticket_of_another_purpose_under_the_same_key_is_refused():
    for payload in (
        "1:5:true_79619510000@c.us_3EB0",
        "[]",
        "5",
        '{"member_id": "x"}',
        json.dumps({**OPENING.__dict__, "admin": True}),
    ):
        refused(TOKENS.read_launch, KEY.encrypt(payload.encode()).decode())
    other_salt = URLSafeTimedSerializer(SECRET, salt="something-else")
    refused(TOKENS.read_session, other_salt.dumps(SESSION.__dict__))


@pytest.mark.parametrize("values", [[], 5, None, {}, {"portal_id": 1}, {**SESSION.__dict__, "admin": True}])
def test_a_session_of_another_version_is_refused(values):
    refused(TOKENS.read_session, URLSafeTimedSerializer(SECRET, salt="session-1").dumps(values))


class Yesterday(TimestampSigner):
    def get_timestamp(self):
        return int(time.time()) - 61 * MINUTE


class AMomentAgo(TimestampSigner):
    def get_timestamp(self):
        return int(time.time()) - 59 * MINUTE


@pytest.mark.parametrize(("signer", "good"), [(AMomentAgo, True), (Yesterday, False)])
def test_a_session_ends_after_its_time(signer, good):
    ticket = URLSafeTimedSerializer(SECRET, salt="session-1", signer=signer).dumps(SESSION.__dict__)
    if good:
        assert TOKENS.read_session(ticket) == SESSION
    else:
        refused(TOKENS.read_session, ticket)


@pytest.mark.parametrize(("age", "good"), [(OPENING_SECONDS - 60, True), (OPENING_SECONDS + 60, False)])
def test_an_opening_ends_after_a_working_day(age, good):
    ticket = KEY.encrypt_at_time(json.dumps(OPENING.__dict__).encode(), int(time.time()) - age).decode()
    if good:
        assert TOKENS.read_launch(ticket) == OPENING
    else:
        refused(TOKENS.read_launch, ticket)


def test_an_openings_tokens_cannot_be_read_from_the_ticket():
    ticket = TOKENS.encrypt_launch(OPENING)
    for text in (ticket, base64.urlsafe_b64decode(ticket).decode("latin-1")):
        for secret in (OPENING.access_token, OPENING.refresh_token, OPENING.member_id):
            assert secret not in text


def test_chosen_readings_travel_with_a_session_and_make_it_no_other_card():
    read = TOKENS.read_session(TOKENS.sign_session(replace(SESSION, readings=("0" * 24,) * 10)))
    assert (read.readings, read) == (("0" * 24,) * 10, SESSION)


@pytest.mark.parametrize(
    ("other", "kept"),
    [({}, True), ({"language": "en", "zone": "Asia/Tokyo"}, True)]
    + [({name: 9}, False) for name in ("portal_id", "user_id", "entity_type_id", "entity_id")],
)
def test_a_renewed_session_keeps_the_readings_of_the_same_portal_user_and_card(other, kept):
    old = URLSafeTimedSerializer(SECRET, salt="session-1", signer=Yesterday)
    pressed = old.dumps({**SESSION.__dict__, "readings": ["0" * 24]})
    renewed = TOKENS.with_readings(replace(SESSION, **other), pressed)
    assert renewed == replace(SESSION, **other)
    assert renewed.readings == (("0" * 24,) if kept else ())


@pytest.mark.parametrize("ticket", ["", "x", OTHERS.sign_session(replace(SESSION, readings=("0" * 24,)))])
def test_readings_that_we_did_not_sign_are_none(ticket):
    assert TOKENS.with_readings(SESSION, ticket).readings == ()


def test_a_session_holds_no_token_at_all():
    _genuine, readable = URLSafeTimedSerializer("no key", salt="").loads_unsafe(TOKENS.sign_session(SESSION))
    card = {"entity_type_id", "entity_id", "edit_mode"}
    assert set(readable) == {
        "portal_id",
        "user_id",
        "language",
        "number",
        "line_id",
        "zone",
        "readings",
        "granted",
        *card,
    }


def test_the_largest_opening_that_a_form_can_make_still_fits_a_ticket():
    largest = Launch(
        member_id="m" * 64,
        domain="d" * 253 + ":65535",
        access_token='"' * 512,
        refresh_token="\\" * 512,
        expires_in=86_400,
        entity_type_id=2**53,
        entity_id=2**53,
        language="\U0001f600" * 10,
        edit_mode=True,
        number="+" + "9" * 15,
        line_id=2**53,
    )
    assert TOKENS.read_launch(TOKENS.encrypt_launch(largest)) == largest


def test_a_rotated_key_still_reads_what_the_old_one_sealed():
    old, new = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    before = SessionTokens(SECRET, MultiFernet([old]), MINUTE).encrypt_launch(OPENING)
    assert SessionTokens(SECRET, MultiFernet([new, old]), MINUTE).read_launch(before) == OPENING
    refused(SessionTokens(SECRET, MultiFernet([new]), MINUTE).read_launch, before)


def test_a_session_outlives_the_key_that_signed_it_for_as_long_as_that_is_listed() -> None:
    fernet, before = MultiFernet([KEY]), TOKENS.sign_session(SESSION)
    assert SessionTokens([SECRET, "n" * 40], fernet, MINUTE).read_session(before) == SESSION
    refused(SessionTokens(["n" * 40], fernet, MINUTE).read_session, before)
    refused(TOKENS.read_session, SessionTokens([SECRET, "n" * 40], fernet, MINUTE).sign_session(SESSION))
