"""What is written down, and what never is."""

import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from widget import logs
from widget.masking import MAX_KEPT, masked, masked_body, masked_json, masked_words
from widget.version import VERSION

# The id of a line.


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    return [json.loads(logs.JsonLines().format(record)) for record in caplog.records]


def test_a_line_of_a_command_or_a_job_carries_its_id() -> None:
    with logs.work("job") as given:
        assert re.fullmatch(r"job-[0-9a-f]{12}", given)
        assert logs.request_id() == given
        with logs.work("job", "another"):
            assert logs.request_id() == "another"
        assert logs.request_id() == given
    assert logs.request_id() == ""


def test_a_line_from_a_pool_carries_the_id_of_whoever_gave_it_the_work() -> None:
    with logs.Pool(2) as pool:
        with logs.work("job") as first:
            one = pool.submit(logs.request_id)
        with logs.work("job") as second:
            other = pool.submit(logs.request_id)
        nobody = pool.submit(logs.request_id)
        assert (one.result(), other.result()) == (first, second)
        assert re.fullmatch(r"pool-[0-9a-f]{12}", nobody.result())


def test_a_line_from_a_pool_carries_the_id_of_its_request() -> None:
    app = Flask(__name__)
    with logs.Pool(1) as pool, app.test_request_context():
        assert pool.submit(logs.request_id).result() == logs.request_id() != ""


def test_the_id_and_the_version_are_in_the_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), logs.work("cli") as given:
        logging.getLogger("widget.test").info("done")
        (line,) = lines_of(caplog)
    assert (line["request"], line["message"], line["version"]) == (given, "done", VERSION)


@pytest.mark.parametrize(
    ("message", "values", "event", "keys"),
    [
        ("presence.checked line=%s count=%d", (3, 10), "presence.checked", {"line": 3, "count": 10}),
        ("refused %s (%s)", ("busy", "why"), "refused", {}),
        ("token dropped portal=%s user=%s (%s)", (1, 2, "x"), "token dropped", {"portal": 1, "user": 2}),
        ("took %.0f %% ms=%.1f", (1.0, 2.5), "took", {"ms": 2.5}),
        ("done", (), "done", {}),
        ("line a b", (), "line a b", {}),
    ],
)
def test_a_message_with_named_values_is_an_event_with_keys(
    message: str, values: tuple[object, ...], event: str, keys: dict[str, object]
) -> None:
    record = logging.LogRecord("widget", logging.INFO, __file__, 1, message, values, None)
    line = json.loads(logs.JsonLines().format(record))
    usual = {"at", "level", "logger", "event", "message", "request", "version"}
    assert (line["event"], {name: line[name] for name in line.keys() - usual}) == (event, keys)


def test_the_page_of_an_error_and_its_answer_carry_the_id_that_its_lines_have(widget, outside, caplog) -> None:
    outside.break_portal("html", "batch", times=None)
    page = widget.open()
    with caplog.at_level(logging.INFO):
        page.reveal()
    given = page.answer.headers[logs.REQUEST_ID_HEADER]
    assert given in page.words
    assert "request.refused code=portal_failed" in caplog.text


# What a kept request or answer holds.

TEXTS = st.text(min_size=1, max_size=40)
PHONES = st.from_regex(r"\A\+?[0-9][0-9 ()\-]{8,16}[0-9]\Z").filter(lambda text: len(re.sub(r"\D", "", text)) >= 7)
TOKENS = st.from_regex(r"\A[0-9a-f]{32,70}\Z")
KEYS = st.sampled_from(
    ["id", "ID", "contactIds", "error", "status", "VALUE", "NAME", "MESSAGE", "filter", "result", "auth", "PHONE"]
) | st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | PHONES | TOKENS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | PHONES | TOKENS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_no_number_of_seven_digits_survives_anywhere(value: object) -> None:
    assert not re.search(r"\d{7,}", masked_json(value))


@given(PHONES, KEYS)
def test_no_phone_survives_however_it_is_written(phone: str, key: str) -> None:
    digits = re.sub(r"\D", "", phone)
    for value in ({key: phone}, {phone: key}, [phone], {key: [{"a": phone}]}, {"cmd": {"a": f"b?{key}={phone}"}}):
        kept = masked_json(value)
        assert phone not in kept
        assert digits not in re.sub(r"\D", "", kept)
    assert digits not in re.sub(r"\D", "", masked_words(f"Incorrect phone {phone} of the user"))


@given(TOKENS, KEYS)
def test_no_token_survives_anywhere(token: str, key: str) -> None:
    for value in ({key: token}, {token: key}, [token], {key: {"x": [token]}}, {"cmd": {"a": f"b?{key}={token}"}}):
        assert token not in masked_json(value)


@given(st.text(min_size=4, max_size=60).filter(str.strip))
def test_no_text_name_or_title_survives(text: str) -> None:
    names = ("MESSAGE", "TEXT", "COMMENT", "DESCRIPTION", "TITLE", "NAME", "LAST_NAME", "VALUE", "f[NAME]", "title")
    for name in names:
        assert masked({name: text}) == {name: "…"}
        assert masked({"list": [{name: [text, text]}]}) == {"list": [{name: ["…", "…"]}]}


@given(VALUES)
def test_what_is_kept_is_short_and_masking_it_again_changes_nothing(value: object) -> None:
    assert len(masked_json(value)) <= MAX_KEPT
    assert masked(masked(value)) == masked(value)


@given(st.binary(max_size=200))
def test_of_what_is_no_json_only_the_size_is_kept(body: bytes) -> None:
    kept = masked_body(body)
    assert kept.startswith(("not JSON", '"…"', "null", "true", "false", "[", "{")), kept


def test_what_explains_a_fault_is_kept() -> None:
    request = {
        "halt": 0,
        "cmd": {
            "item": "crm.item.get?entityTypeId=2&id=7045",
            "people": "crm.item.list?filter%5B%3Did%5D=$result%5Bitem%5D&filter%5BNAME%5D=Anna&select%5B0%5D=*",
        },
    }
    assert masked(request) == {
        "halt": 0,
        "cmd": {
            "item": ["crm.item.get", {"entityTypeId": "2", "id": "7045"}],
            "people": ["crm.item.list", {"filter[=id]": "$result[item]", "filter[NAME]": "…", "select[0]": "…"}],
        },
    }
    answer = {"error": "insufficient_scope", "error_description": "The request requires…", "id": 7, "active": True}
    assert masked(answer) == {"error": "insufficient_scope", "error_description": "…", "id": 7, "active": True}
    assert masked({"error": "Anna has no phone"}) == {"error": "…"}


def test_a_large_answer_is_cut_and_deep_or_long_ones_end() -> None:
    deep: object = "x"
    for _ in range(200):
        deep = {"id": deep}
    assert masked_json(deep).count("id") < 20
    assert len(masked({"ids": list(range(100))})["ids"]) == 9
    assert masked_body(b"[" * 100_000) == "not JSON, 100000 bytes"
    assert len(masked_json({f"FIELD_{n}A": n for n in range(5000)})) == MAX_KEPT


def test_masking_from_many_threads_is_the_same() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: masked_json({"id": 7, "NAME": "Anna"}), range(50)))) == 1
