"""No input makes a half-filled text leave: what is not filled is found again, however it is
spelled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget.chats.sending import refuse_unfilled
from widget.errors import ErrorCode, Refused
from widget.variables import TemplateFault, Variable, error_in, fill, names, unfilled, variables_in

NAMED = st.sampled_from(names())
SPELLED = st.builds(
    lambda name, upper, gap, left, right: f"{left}{(name.upper() if upper else name).replace(' ', gap)}{right}",
    *(NAMED, st.booleans(), st.sampled_from([" ", "_", "  "]), st.sampled_from(["", " "]), st.sampled_from(["", " "])),
)
PLAIN = st.text(st.characters(exclude_characters="{}|", exclude_categories=["Cs"]), max_size=20)
MARK = st.builds(lambda name, rest: f"{{{name}{rest}}}", SPELLED, st.sampled_from(["", "|", "|Здравствуйте"]))
TEMPLATE = st.lists(st.one_of(PLAIN, MARK), max_size=6).map("".join)
VALUES = st.dictionaries(st.sampled_from(Variable), st.text(max_size=20))


@given(TEMPLATE, VALUES)
def test_a_filled_text_has_no_variable_or_does_not_leave(template: str, values: dict[Variable, str]) -> None:
    text = fill(template, values)

    try:
        refuse_unfilled(text)
    except Refused as refusal:
        assert refusal.code is ErrorCode.UNFILLED
    else:
        assert not variables_in(text)
        assert not unfilled(text)


@given(
    SPELLED,
    PLAIN,
    PLAIN,
    st.sampled_from(["{%s}", "{%s", "%s}", "{%s|", "{%s}}", "{{%s}", "\uff5b%s\uff5d", "{\u200b%s}"]),
)
def test_a_variable_or_half_of_one_is_found_in_any_text(name: str, before: str, after: str, form: str) -> None:
    assert unfilled(f"{before} {form % name} {after}")


@given(TEMPLATE)
def test_with_every_value_there_is_nothing_left_to_fill(template: str) -> None:
    assert not unfilled(fill(template, dict.fromkeys(Variable, "Иван")))


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{приветствие}, {имя}!", "Добрый день, Иван!"),
        ("{First Name}, {ИМЯ}, { имя }", "Иван, Иван, Иван"),
        ("{компания|коллеги}, {моё имя}{название|}", "коллеги, Анна"),
        ("{мое_имя}: {стадия}", "Анна: {стадия}"),
        ("no braces | at all", "no braces | at all"),
    ],
)
def test_values_take_the_place_of_their_names_in_both_languages(template: str, filled: str) -> None:
    values = {Variable.GREETING: "Добрый день", Variable.FIRST_NAME: " Иван\n", Variable.MY_NAME: "Анна"}
    assert fill(template, values) == filled


@pytest.mark.parametrize(
    ("template", "fault", "about"),
    [
        ("{фамилия}", TemplateFault.UNKNOWN, "фамилия"),
        ("{имя", TemplateFault.BRACE, ""),
        ("имя}", TemplateFault.BRACE, ""),
        ("{{имя}}", TemplateFault.BRACE, ""),
        ("{имя|{компания}}", TemplateFault.BRACE, ""),
        ('{"a": 1}', TemplateFault.UNKNOWN, '"a": 1'),
    ],
)
def test_what_cannot_be_a_quick_reply_says_why(template: str, fault: TemplateFault, about: str) -> None:
    error = error_in(template)
    assert error
    assert (error.fault, error.about) == (fault, about)


@pytest.mark.parametrize("text", ["Ваше имя?", "линия 2 {срочно}", "{1, 2}", "сумма: 5", "{клиентам}"])
def test_other_texts_leave(text: str) -> None:
    assert unfilled(text) == []
