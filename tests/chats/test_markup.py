"""A text is drawn with WhatsApp's marks and links, and holds no markup of its writer's."""

import pytest

from widget.chats.markup import MAX_DRAWN, whatsapp_text

URL = "https://a.example/_x_y_"
LINK = 'rel="noopener noreferrer nofollow" target="_blank"'


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("*жирно* и _косо_, ~нет~", "<b>жирно</b> и <i>косо</i>, <s>нет</s>"),
        ("*_оба_*", "<b><i>оба</i></b>"),
        ("```a *b* <c>```", "<code>a *b* &lt;c&gt;</code>"),
        ("2*3*4, snake_case_name, * не так *", "2*3*4, snake_case_name, * не так *"),
        ("*на двух\nстроках*", "*на двух\nстроках*"),
        ("<b>нет</b> *<i>*", "&lt;b&gt;нет&lt;/b&gt; <b>&lt;i&gt;</b>"),
        (f"см. {URL} *да*", f'см. <a href="{URL}" {LINK}>{URL}</a> <b>да</b>'),
        ("javascript://x", "javascript://x"),
        ("***", "***"),
    ],
)  # fmt: skip
def test_marks_and_links(text: str, drawn: str) -> None:
    assert str(whatsapp_text(text)) == drawn


def test_a_very_long_text_is_only_escaped() -> None:
    text = "<*да* https://a.example " + "я" * MAX_DRAWN

    assert str(whatsapp_text(text)) == text.replace("<", "&lt;")
