"""What a rep reads about an answer: how it is known, how old it is, what is left, and what happens
without Redis."""

from collections.abc import Callable

import pytest

from sandbox.valkey import Valkey
from tests.stand import Clock, Outside, Widget, in_russian
from widget.gateways.base import LineState
from widget.presence.records import Presence, PresenceAnswer, Source
from widget.storage.portals import Visibility

MakeWidget = Callable[..., Widget]
IVAN, OLEG, MARIA, ORDERS = "+7 961 951-00-00", "+7 924 123-45-67", "+7 912 345-67-89", "+7 926 111-22-33"
MARIA_PHONE, ORDERS_PHONE = "+79123456789", "+79261112233"
MINUTE, HOUR, DAY = 60, 3600, 86_400

both_languages = pytest.mark.parametrize("lang", ["en", "ru"])


def said(lang: str, text: str, **values: object) -> str:
    return in_russian(text, **values) if lang == "ru" else text % values if values else text


def line_of(widget: Widget):
    return widget.services.storage.lines.of(widget.portals[0])[0]


def learn(widget: Widget, phone: str, how: Source, at: float) -> None:
    widget.services.presence.evidence.learn(line_of(widget), phone, how, at)


@both_languages
@pytest.mark.parametrize(
    ("later", "text", "when"),
    [
        (0, "checked just now", {}),
        (12 * MINUTE, "checked %(minutes)s min ago", {"minutes": 12}),
        (2 * HOUR, "checked %(when)s", {"when": {"en": "today 11:00\u00a0AM", "ru": "сегодня 11:00"}}),
        (3 * DAY, "checked %(when)s", {"when": {"en": "January 15", "ru": "15 января"}}),
    ],
)
def test_a_checked_number_says_how_long_ago(
    widget: Widget, clock: Clock, lang: str, later: float, text: str, when: dict[str, object]
) -> None:
    page = widget.open(lang=lang).reveal().check()
    clock.forward(later)

    page = widget.open(lang=lang).reveal()

    values = {name: value[lang] if isinstance(value, dict) else value for name, value in when.items()}
    assert " ".join(said(lang, text, **values).split()) in page.row(ORDERS)


@both_languages
@pytest.mark.parametrize(
    ("how", "text"),
    [
        (Source.MESSAGE, "wrote to us %(when)s"),
        (Source.DELIVERED, "message delivered %(when)s"),
    ],
)
def test_a_proof_says_what_it_is_and_from_when_and_is_not_asked_about(
    widget: Widget, outside: Outside, clock: Clock, lang: str, how: Source, text: str
) -> None:
    learn(widget, MARIA_PHONE, how, clock() - 3 * DAY)

    page = widget.open(lang=lang).reveal()

    when = "January 12" if lang == "en" else "12 января"
    assert page.rows[MARIA] == "yes"
    assert " ".join(said(lang, text, when=when).split()) in page.row(MARIA)
    assert page.keys[MARIA] not in page.to_ask
    page.check([page.keys[MARIA]])
    assert outside.total("gateway") == 0


@both_languages
def test_a_listed_chat_that_nobody_opened_here_says_when_it_was_seen(widget: Widget, clock: Clock, lang: str) -> None:
    memory = widget.services.presence.known
    keys = memory.keys(widget.portals[0], [MARIA_PHONE])
    memory.put(widget.portals[0], dict.fromkeys(keys, Presence(PresenceAnswer.YES, clock() - 3 * DAY, Source.CHAT)))

    page = widget.open(lang=lang).reveal()

    when = "January 12" if lang == "en" else "12 января"
    assert " ".join(said(lang, "has a chat, seen %(when)s", when=when).split()) in page.row(MARIA)


@both_languages
def test_a_message_refused_although_they_just_wrote_is_unknown(widget: Widget, clock: Clock, lang: str) -> None:
    learn(widget, MARIA_PHONE, Source.MESSAGE, clock() - 5)
    learn(widget, MARIA_PHONE, Source.SEND, clock())

    page = widget.open(lang=lang).reveal()

    assert page.rows[MARIA] == "refused"
    reason = "A message was refused, though the client wrote or was reached lately"
    assert said(lang, reason) in page.row(MARIA)


@both_languages
def test_a_refused_message_says_not_found_although_there_was_a_chat(widget: Widget, clock: Clock, lang: str) -> None:
    learn(widget, MARIA_PHONE, Source.DELIVERED, clock() - 4 * DAY)
    learn(widget, MARIA_PHONE, Source.SEND, clock())

    page = widget.open(lang=lang).reveal()

    assert page.rows[MARIA] == "no"
    assert said(lang, "a message was refused") in page.row(MARIA)


@both_languages
def test_a_no_of_yesterday_names_its_day_and_time(widget: Widget, clock: Clock, lang: str) -> None:
    page = widget.open(lang=lang).reveal().check()
    warning = "WhatsApp was not found for this number at %(time)s. The message may not arrive."
    today = {"time": "11:00\u00a0AM" if lang == "en" else "11:00"}
    assert spoken(said(lang, warning, **today)) in page.open_chat(page.keys[MARIA]).words
    clock.forward(20 * HOUR)

    page = widget.open(lang=lang).reveal()
    then = {"day": "January 15" if lang == "en" else "15 января", **today}
    yesterday = said(lang, "yesterday, %(time)s", **today)
    assert spoken(said(lang, "WhatsApp not found (%(when)s)", when=yesterday)) in page.row(MARIA)
    warning = "WhatsApp was not found for this number on %(day)s at %(time)s. The message may not arrive."
    assert spoken(said(lang, warning, **then)) in page.open_chat(page.keys[MARIA]).words


def spoken(text: str) -> str:
    return " ".join(text.split())


def test_after_a_restart_of_everything_the_card_is_answered_at_first_paint(
    widget: Widget, outside: Outside, clock: Clock
) -> None:
    widget.open().reveal().check()
    clock.forward(2 * HOUR)
    checks = outside.calls("gateway")["check-exists"]

    page = widget.twin().open().reveal()

    assert (page.rows[ORDERS], page.rows[MARIA]) == ("yes", "no")
    assert outside.calls("gateway")["check-exists"] == checks


@both_languages
def test_above_the_soft_limit_a_new_number_waits_for_a_click_and_the_card_says_how_little_is_left(
    make_widget: MakeWidget, outside: Outside, lang: str
) -> None:
    widget = make_widget(checks_per_day=3)
    page = widget.open(lang=lang).reveal().check()

    waiting = [number for number, state in page.rows.items() if state == "saved"]
    assert len(waiting) == 1
    assert said(lang, "Few checks are left today, checked only on a click") in page.row(waiting[0])
    assert page.check([page.keys[waiting[0]]]).rows[waiting[0]] in ("yes", "no")
    assert outside.calls("gateway")["check-exists"] == 3
    at = "11:00 AM" if lang == "en" else "11:00"
    dry = said(lang, "No checks are left today, the next is possible tomorrow at %(time)s.", time=at)
    assert dry in page.words
    assert dry in widget.open(lang=lang).reveal().words


def test_always_visible_cards_stop_asking_when_the_budget_is_used_and_go_on_when_it_returns(
    make_widget: MakeWidget, outside: Outside, clock: Clock
) -> None:
    widget = make_widget(checks_per_day=5, checks_floor=5)
    widget.services.storage.portals.set_visibility(widget.portals[0], Visibility.ALWAYS)
    for path in ("/crm/deal/details/7045/", "/crm/deal/details/7046/", "/crm/lead/details/501/"):
        page = widget.open(path).reveal(pressed=False)
        if page.to_ask:
            page.check()
        clock.forward(10 * MINUTE)
    assert outside.calls("gateway")["check-exists"] == 4  # four fifths of five

    clock.forward(DAY + HOUR)
    page = widget.open("/crm/lead/details/501/").reveal(pressed=False).check()
    assert set(page.rows.values()) <= {"yes", "no"}


def test_a_click_that_could_not_renew_an_answer_says_why_and_the_answer_stays(
    make_widget: MakeWidget, outside: Outside, clock: Clock
) -> None:
    widget = make_widget()
    page = widget.open(lang="en").reveal().check()
    clock.forward(10 * MINUTE)
    outside.set_line("sales", "STOPPED")

    page.refresh().check()

    assert page.rows[ORDERS] == "yes"
    assert "checked 10 min ago" in page.row(ORDERS)
    assert "Line is offline, not checked" in page.row(ORDERS)


@both_languages
def test_a_restricted_line_says_until_when_its_checks_pause(widget: Widget, clock: Clock, lang: str) -> None:
    widget.services.presence.cooldown_policy.restricted(line_of(widget), LineState.RESTRICTED, clock() + 2 * HOUR)

    page = widget.open(lang=lang).reveal().check()

    at = "1:00 PM" if lang == "en" else "13:00"
    text = said(lang, "Checks pause until %(time)s: WhatsApp has restricted the line", time=at)
    assert text in page.row(ORDERS)


def test_without_redis_old_answers_are_shown_nothing_is_asked_and_messages_go_on(
    make_widget: MakeWidget, outside: Outside, clock: Clock
) -> None:
    with Valkey() as server:
        widget = make_widget(redis_url=server.url)
        page = widget.open(lang="en").reveal().check()
        checks = outside.calls("gateway")["check-exists"]
        clock.forward(HOUR)
        server.kill()

        page = widget.open(lang="en").reveal()
        assert (page.rows[ORDERS], page.rows[MARIA]) == ("yes", "no")
        assert "checked today 11:00 AM" in page.row(ORDERS)
        page.check([page.keys[ORDERS]])
        assert page.rows[ORDERS] == "yes"
        assert "Checks are unavailable for the moment" in page.row(ORDERS)
        page.open_chat(page.keys[ORDERS])
        assert "is-sent" in page.send(page.chat, "Hello", "key-1").text
        assert outside.calls("gateway")["check-exists"] == checks

        server.start()  # empty: what was spent is in SQL
        line = line_of(widget)
        assert widget.services.presence.check_budget.remaining(line).left == 20 - checks


def test_a_warm_card_costs_one_round_trip_and_no_query_for_presence(
    make_widget: MakeWidget, redis_url: str, clock: Clock
) -> None:
    widget = make_widget(redis_url=redis_url)
    page = widget.open().reveal().check()
    page.reveal()
    trips, queries = [], []
    backend = widget.services.card.loader._cache._backend
    get_raw = backend.get_raw
    backend.get_raw = lambda *keys: (trips.append(len(keys)), get_raw(*keys))[1]
    presences = widget.services.presence.known._presences
    presences.get_many = lambda *args: queries.append(args) or {}

    page.reveal()

    assert (trips, queries) == ([2 + 5 + 1 + 5], [])  # generations, presence, marks of the user and of chats
