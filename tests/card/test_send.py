"""Writing from the card: once, to whom it says, and honest about what became of it."""

import logging
import re
import threading
from collections.abc import Callable, Iterator

import pytest
import redis
from sqlalchemy import inspect
from sqlalchemy import text as sql

from sandbox.people import IVAN, MARIA, ORDERS_MOSCOW
from tests.stand import CROWDED_DEAL, DEAL, CardPage, Clock, Outside, Widget, in_russian

MakeWidget = Callable[..., Widget]
IVAN_ROW, MARIA_ROW, ORDERS_ROW = "+7 961 951-00-00", "+7 912 345-67-89", "+7 926 111-22-33"
ALL_RUSSIA = "+7 991 555-01-02"  # its block has no region, and so no time
NIGHT = 9 * 3600 + 14 * 60  # from the clock's start to 02:14 in Amur


def opened(widget: Widget, number: str = ORDERS_ROW, lang: str = "en") -> tuple[CardPage, int]:
    card = widget.open(DEAL, lang=lang).reveal()
    return card, card.open_chat(card.keys[number]).chat


def stored_sends(widget: Widget) -> int:
    with widget.services.storage.engine.connect() as connection:
        return int(connection.execute(sql("SELECT count(*) FROM sends")).scalar_one())


def texts_at_the_gateway(outside: Outside, phone: str) -> list[str]:
    answer = outside.http.get(
        f"{outside.gateway}/api/sales/chats/{phone.lstrip('+')}@c.us/messages",
        params={"limit": 20, "downloadMedia": "false", "x-api-key": "sandbox-gateway-key"},
    )
    return [message["body"] for message in answer.raise_for_status().json()]


def test_a_message_goes_out_and_comes_back_as_a_bubble(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)

    card.send(chat, "Добрый день! <b>Заказ</b> готов:\nhttps://example.com/a", "key-1")

    assert card.answer.status_code == 201
    assert card.text.count("<article") == 1
    assert "is-mine is-sent" in card.text
    assert "You" in card.words
    assert "<b>Заказ</b> готов" in card.words
    assert '<a href="https://example.com/a"' in card.text
    assert outside.calls()["sendText"] == 1
    assert texts_at_the_gateway(outside, ORDERS_MOSCOW.phone) == [
        "Добрый день! <b>Заказ</b> готов:\nhttps://example.com/a"
    ]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_refused_message_says_that_whatsapp_was_not_found_and_never_that_there_is_none(
    make_widget: MakeWidget, lang: str
) -> None:
    card, chat = opened(make_widget(lines=("branch",)), MARIA_ROW, lang)  # Evolution API looks before it sends

    card.send(chat, "Hello", "key-1", confirmed=True)

    said = "WhatsApp was not found for this number"
    assert "is-failed" in card.text
    assert f": {said if lang == 'en' else in_russian(said)}" in card.words


def test_the_bubble_and_the_gateways_message_are_one(widget: Widget) -> None:
    card, chat = opened(widget)
    sent = card.send(chat, "Добрый день", "key-1").bubbles

    assert card.history(chat).bubbles == sent
    assert "is-mine" in card.text


def test_the_same_key_sends_nothing_a_second_time(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)
    first = card.send(chat, "Добрый день", "key-1")

    again = card.send(chat, "Добрый день", "key-1")

    assert (again.answer.status_code, again.words) == (201, first.words)
    assert outside.calls()["sendText"] == 1
    assert stored_sends(widget) == 1


def test_the_same_text_with_another_key_is_another_message(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)
    card.send(chat, "Добрый день", "key-1")
    card.send(chat, "Добрый день", "key-2")

    assert outside.calls()["sendText"] == 2


def test_a_key_that_was_used_for_another_message_is_refused(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)
    card.send(chat, "Добрый день", "key-1")
    other = card.open_chat(card.reveal().keys[MARIA_ROW]).chat

    for where, what in ((chat, "Другой текст"), (other, "Добрый день")):
        assert card.send(where, what, "key-1").answer.status_code == 409
        assert card.refusal == "bad_form"
    assert outside.calls()["sendText"] == 1


def test_one_key_pressed_ten_times_at_once_is_one_message(make_widget: MakeWidget, outside: Outside) -> None:
    widget = make_widget(portal_requests=10)
    outside.break_gateway("delay", "sendText", seconds=0.3)
    cards = [widget.open().reveal() for _press in range(10)]
    chat = cards[0].open_chat(cards[0].keys[ORDERS_ROW]).chat
    start = threading.Barrier(len(cards))

    def press(card: CardPage) -> None:
        start.wait()
        card.send(chat, "Добрый день", "key-1")

    threads = [threading.Thread(target=press, args=(card,)) for card in cards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {card.answer.status_code for card in cards} == {201}
    assert len({tuple(card.bubbles) for card in cards}) == 1
    assert outside.calls()["sendText"] == 1


def test_the_longest_text_goes_and_one_letter_more_does_not(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)

    for number, text in enumerate(("а" * 4097, "a" * 20_000, "", " \n\t ", "\r\n")):
        assert card.send(chat, text, f"bad-{number}").answer.status_code == 422
        assert card.refusal == "bad_form"
    assert (stored_sends(widget), outside.total("gateway")) == (0, 0)

    assert card.send(chat, "а" * 4096, "good").answer.status_code == 201
    assert texts_at_the_gateway(outside, ORDERS_MOSCOW.phone) == ["а" * 4096]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_at_night_the_first_press_asks_and_the_second_sends(
    widget: Widget, outside: Outside, clock: Clock, lang: str
) -> None:
    clock.forward(NIGHT)
    card, chat = opened(widget, IVAN_ROW, lang)

    card.send(chat, "Вы не спите?", "key-1")

    assert (card.answer.status_code, card.refusal) == (409, "confirm")
    at = "2:14 AM" if lang == "en" else "02:14"
    question = "It is %(time)s at the client's."
    assert (question % {"time": at} if lang == "en" else in_russian(question, time=at)) in card.words
    if lang == "ru":
        assert "У клиента 02:14" in card.words
    assert (stored_sends(widget), "sendText" in outside.calls()) == (0, False)

    assert card.send(chat, "Вы не спите?", "key-1", confirmed=True).answer.status_code == 201
    # The answer was lost on the way to the browser, which presses on: the message is known, nobody
    # is asked again.
    assert card.send(chat, "Вы не спите?", "key-1").answer.status_code == 201
    assert outside.calls()["sendText"] == 1


def test_by_day_and_where_the_time_is_not_known_nobody_is_asked(widget: Widget, clock: Clock) -> None:
    card, chat = opened(widget, IVAN_ROW)
    assert card.send(chat, "Добрый день", "key-1").answer.status_code == 201

    clock.forward(NIGHT)
    crowd = widget.open(CROWDED_DEAL).reveal()
    assert "light-unknown" in crowd.row_html(ALL_RUSSIA)
    crowd.open_chat(crowd.keys[ALL_RUSSIA])
    assert crowd.send(crowd.chat, "Вы не спите?", "key-2").answer.status_code == 201


@pytest.mark.parametrize("asked", [False, True])
def test_one_may_write_whatever_is_known_about_the_number(widget: Widget, outside: Outside, asked: bool) -> None:
    card = widget.open().reveal()
    if asked:
        outside.break_gateway("http_500", "check-exists", times=None)
        assert card.check().rows[ORDERS_ROW] == "failed"
    chat = card.open_chat(card.keys[ORDERS_ROW]).chat

    assert "is-sent" in card.send(chat, "Добрый день", "key-1").text


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_lost_answer_is_unknown_and_the_history_tells_how_it_ended(
    widget: Widget, outside: Outside, lang: str
) -> None:
    card, chat = opened(widget, lang=lang)
    outside.break_gateway("lost_answer", "sendText", times=1)

    card.send(chat, "Добрый день", "key-1")
    assert card.answer.status_code == 201
    assert "is-unknown" in card.text
    text = "unknown, checking"
    assert (text if lang == "en" else in_russian(text)) in card.words
    sent = card.bubbles

    assert "is-unknown" in card.send(chat, "Добрый день", "key-1").text  # the same press changes nothing
    card.history(chat)
    assert card.bubbles == sent
    assert "is-unknown" not in card.text
    assert re.search("is-(sent|delivered)", card.text)
    assert outside.calls()["sendText"] == 1


def test_a_lost_message_says_to_look_at_the_phone_first(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)
    card.send(chat, "Здравствуйте", "key-0")  # the gateway answers with our id: from now on it is believed to take them
    widget.clock.forward(31)
    outside.break_gateway("http_500", "sendText", times=1)
    card.send(chat, "Добрый день", "key-1")
    assert "is-unknown" in card.text

    card.history(chat)

    assert "it probably did not go out. Look at the phone before you send it again" in card.words
    assert "is-unknown" in card.text
    assert outside.calls()["sendText"] == 2


def test_a_send_without_an_answer_in_time_is_unknown(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)
    outside.break_gateway("silence", "sendText", times=1)

    card.send(chat, "Добрый день", "key-1")

    assert "is-unknown" in card.text
    assert "the gateway did not answer in time" in card.words


REFUSALS = [
    ("error_463", "WhatsApp lets this line start no new chats for now"),
    ("rate_overlimit", "WhatsApp asks for a pause, try again later"),
    ("not_working", "the line is not connected to WhatsApp"),
    ("stopped", "the line is not connected to WhatsApp"),
    ("unauthorized", "the gateway does not accept the line's key, tell an administrator"),
    ("refuse", "the gateway refused the message"),
]


@pytest.mark.parametrize(("fault", "reason"), REFUSALS)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_refused_message_says_why(widget: Widget, outside: Outside, fault: str, reason: str, lang: str) -> None:
    card, chat = opened(widget, lang=lang)
    outside.break_gateway(fault, "sendText", times=1)

    card.send(chat, "Добрый день", "key-1")

    assert card.answer.status_code == 201
    assert "is-failed" in card.text
    said = f"not sent: {reason}" if lang == "en" else f"{in_russian('not sent')}: {in_russian(reason)}"
    assert said in card.words
    assert "is-failed" in card.history(chat).text  # it stays where it was
    assert card.words.count("Добрый день") == 1


def test_a_number_without_whatsapp_is_not_reported_as_sent(widget: Widget) -> None:
    card, chat = opened(widget, MARIA_ROW)

    card.send(chat, "Добрый день", "key-1")

    assert re.search("is-(failed|unknown)", card.text)


def test_a_message_that_whatsapp_drops_later_is_shown_as_not_sent(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)
    outside.break_gateway("ack_error", "sendText", times=1)
    card.send(chat, "Добрый день", "key-1")

    assert "is-failed" in card.history(chat).text


def test_a_message_the_client_read_is_shown_as_read(widget: Widget, outside: Outside) -> None:
    card, chat = opened(widget)
    card.send(chat, "Добрый день", "key-1")
    assert "is-read" not in card.history(chat).text

    phone = outside.http.get(f"{outside.gateway}/phone", params={"client": ORDERS_MOSCOW.phone})
    assert "Добрый день" in phone.raise_for_status().text

    assert "is-read" in card.history(chat).text


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    root = logging.getLogger()
    level = root.level
    yield caplog
    root.setLevel(level)


def test_neither_texts_nor_numbers_nor_tokens_reach_the_log_or_the_cache(
    make_widget: MakeWidget, outside: Outside, redis_url: str, records: pytest.LogCaptureFixture
) -> None:
    widget = make_widget(redis_url=redis_url, log_level="DEBUG")
    records.set_level(logging.DEBUG)
    opening = outside.opening(lang="ru")
    card = widget.post_opening(opening).reveal().check()
    chat = card.open_chat(card.keys[ORDERS_ROW]).chat
    card.send(chat, "Секретная скидка 17 процентов", "key-1")
    outside.break_gateway("http_500", "sendText", times=1)
    card.send(chat, "Секретная скидка 18 процентов", "key-2")
    card.history(chat)
    card.history(card.open_chat(card.reveal().keys[IVAN_ROW]).chat)
    outside.break_portal("html", "batch", times=None)
    card.refresh()

    ours = [record for record in records.records if record.name != "werkzeug"]  # the sandbox's own servers
    written = "\n".join(logging.Formatter().format(record) for record in ours)
    assert "bitrix24.called method=batch portal=" in written
    assert "presence.checked line=" in written
    kept = dump(redis_url)
    assert "p:1:whatsapp:" in kept
    secrets = ["Секретная скидка", "Секретная".encode().decode("latin-1"), opening["fields"]["AUTH_ID"]]
    secrets += [opening["fields"]["REFRESH_ID"], "sandbox-gateway-key", "951-00-00", "111-22-33", "Петров"]
    for phone in (IVAN.phone, MARIA.phone, ORDERS_MOSCOW.phone):
        secrets += [phone, phone.lstrip("+"), phone[2:]]
    assert [secret for secret in secrets if secret in written] == []
    assert [secret for secret in secrets if secret in kept] == []


def dump(redis_url: str) -> str:
    """Every key and value that Redis holds."""
    with redis.Redis.from_url(redis_url) as client:
        readers = {
            b"string": client.get,
            b"hash": client.hgetall,
            b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
            b"list": lambda key: client.lrange(key, 0, -1),
        }
        held = [(key, readers[client.type(key)](key)) for key in client.scan_iter()]
    return str(held)


def test_the_database_holds_neither_texts_nor_keys_nor_tokens_that_can_be_read(
    widget: Widget, outside: Outside
) -> None:
    opening = outside.opening()
    card = widget.post_opening(opening).reveal()
    chat = card.open_chat(card.keys[ORDERS_ROW]).chat
    card.send(chat, "Секретная скидка", "key-1")

    with widget.services.storage.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        held = str([list(connection.execute(sql(f"SELECT * FROM {table}"))) for table in tables])

    assert "key-1" in held
    for secret in ("Секретная", opening["fields"]["AUTH_ID"], opening["fields"]["REFRESH_ID"], "sandbox-gateway-key"):
        assert secret not in held
