"""Texts between WhatsApp and Bitrix24's messenger, and events as values."""

import re
from pathlib import Path

import pytest

from widget.bitrix24.bbcode import JOINER
from widget.openlines.connector_events import dialogs_of, is_ours, line_of, messages_of, read_words, words_json
from widget.openlines.markup import pieces, to_portal, to_whatsapp


@pytest.mark.parametrize(
    ("bb", "whatsapp"),
    [
        ("[b]Klaus Weber:[/b] [br]Guten Tag!", "*Klaus Weber:*\nGuten Tag!"),
        ("[B]жирно[/B], [i]курсив[/i], [s]нет[/s], [u]просто[/u]", "*жирно*, _курсив_, ~нет~, просто"),
        ("[code]x = 1[/code]", "```x = 1```"),
        (
            "[url=https://a.example/?q=1]цена[/url] [url]https://b.example[/url]",
            "цена (https://a.example/?q=1) https://b.example",
        ),
        ("[user=27]Анна[/user] [send=/help]помощь[/send]", "Анна помощь"),
        ("[1] и [не тег] a[i]", "[1] и [не тег] a_"),
        ("раз\r\nдва", "раз\nдва"),
        ("[like]", ""),
    ],
)
def test_bb_code_becomes_whatsapps_markup(bb: str, whatsapp: str) -> None:
    assert to_whatsapp(bb) == whatsapp


@pytest.mark.parametrize(
    ("whatsapp", "bb"),
    [
        ("*жирно* и _курсив_, ~нет~", "[b]жирно[/b] и [i]курсив[/i], [s]нет[/s]"),
        ("```код```", "[code]код[/code]"),
        ("2*3*4 и snake_case_name", "2*3*4 и snake_case_name"),
        ("* не жирно *", "* не жирно *"),
        ("[b]x[/b] [send=/x]y[/send] [1]", f"[{JOINER}b]x[{JOINER}/b] [{JOINER}send=/x]y[{JOINER}/send] [1]"),
        ("1", f"{JOINER}1"),
        ("0 баллов", f"{JOINER}0 баллов"),
        ("10 окон", "10 окон"),
    ],
)
def test_whatsapps_markup_becomes_bb_code_and_typed_bb_code_stays_text(whatsapp: str, bb: str) -> None:
    assert to_portal(whatsapp) == bb


def test_a_long_text_is_cut_between_words_and_nothing_is_lost() -> None:
    text = "слово " * 2000
    parts = pieces(text.strip(), 100)
    assert all(len(part) <= 100 for part in parts)
    assert " ".join(parts) == text.strip()
    assert pieces("x" * 250, 100) == ["x" * 100, "x" * 100, "x" * 50]
    assert pieces("") == []


def test_an_event_is_read_with_its_lists_as_maps() -> None:
    add = {"im": {"chat_id": "1807", "message_id": "86497"}, "chat": {"id": "1-2"}}
    file = {"name": "план.pdf", "link": "https://p.example/1", "downloadLink": "https://p.example/2", "size": "7"}
    wrote = {**add, "message": {"user_id": "27", "text": "Guten Tag!", "files": {"0": file}}}
    data = {"CONNECTOR": "Wacard", "LINE": "107", "MESSAGES": {"0": wrote, "1": {}, "2": "x"}}
    (message,) = messages_of(data)
    assert (message.place, message.chat, message.im_id, message.user_id) == ("1-2", 1807, 86497, 27)
    assert message.files == (("план.pdf", "https://p.example/2"),)
    assert read_words(words_json(message)) == message
    assert is_ours(data, "wacard") and line_of(data) == 107
    changed = messages_of({"MESSAGES": {"0": {**add, "message": {"id": {"0": "W1", "1": "W2"}, "text": "x"}}}})
    deleted = messages_of({"MESSAGES": {"0": {**add, "message": {"id": "W1"}}}})
    assert (changed[0].outside, deleted[0].outside) == (("W1", "W2"), ("W1",))
    assert dialogs_of({"DATA": {"0": {"connector": {"chat_id": "1-2", "user_id": "0"}}}}) == [("1-2", 0)]
    assert read_words("") is None and read_words("[") is None and messages_of({}) == []


def test_each_test_that_the_traps_name_is_there() -> None:
    root = Path(__file__).parents[2]
    named = set(re.findall(r"`(test_\w+)`", (root / "docs" / "openlines.md").read_text("utf-8")))
    folders = ("tests/openlines", "tests/sandbox", "tests/timeline", "tests/card", "tests/bitrix24")
    there = "".join(file.read_text("utf-8") for folder in folders for file in (root / folder).glob("test_*.py"))
    assert len(named) > 40
    assert {name for name in named if f"def {name}(" not in there} == set()
