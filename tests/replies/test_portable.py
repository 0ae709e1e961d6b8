"""Quick replies as files: what goes out comes in again, and what is wrong is said row by row."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget.replies.portable import ImportRefused, read_file, to_json
from widget.replies.rules import ReplyFault
from widget.storage.replies import QuickReply

HELLO = QuickReply("Привет", "{имя|Здравствуйте}, это {моё имя}", "Начало", "ru", user_id=5)


def test_what_was_exported_is_imported_as_it_was() -> None:
    assert read_file(to_json([HELLO]).encode(), 5) == [HELLO]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_table_of_excel_is_read(encoding: str, between: str) -> None:
    rows = [
        ["Название", "Категория", "Текст", "язык", "лишнее"],
        ["Привет", "Начало", '"{имя|Здравствуйте}, это {моё имя}"', "ru", "x"],
    ]
    table = "\r\n".join(between.join(row) for row in rows) + "\r\n\r\n"
    assert read_file(table.encode(encoding), 5) == [HELLO]


@pytest.mark.parametrize(
    ("body", "fault", "row"),
    [
        ("", ReplyFault.EMPTY_FILE, 0),
        ("name,text\n", ReplyFault.EMPTY_FILE, 0),
        ("title,words\na,b", ReplyFault.NO_COLUMNS, 0),
        ("name,text\na,b\nb,", ReplyFault.NO_TEXT, 2),
        ("name,text\n,b", ReplyFault.NO_NAME, 1),
        ("name,text\na,{фамилия}", ReplyFault.UNKNOWN_VARIABLE, 1),
        ('name,text\na,"b', ReplyFault.NOT_A_FILE, 0),
        ("{not json", ReplyFault.NOT_A_FILE, 0),
        ('{"other": []}', ReplyFault.NO_COLUMNS, 0),
        ("[1]", ReplyFault.NO_COLUMNS, 0),
        ('[{"name": "a", "text": 5}]', ReplyFault.NO_TEXT, 1),
        ('[{"name": "a", "text": "\\ud800"}]', ReplyFault.NOT_A_FILE, 0),
        (json.dumps([{"name": "a", "text": "b"}] * 501), ReplyFault.TOO_MANY, 0),
        (json.dumps([{"name": "a", "text": "b", "language": "xx"}]), ReplyFault.LANGUAGE, 1),
    ],
)
def test_a_bad_file_says_what_is_wrong_and_where(body: str, fault: ReplyFault, row: int) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_file(body.encode(), 5)
    assert [(error.fault, error.row) for error in refused.value.errors] == [(fault, row)]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        assert read_file(body, 5)
    except ImportRefused as refused:
        assert refused.errors
