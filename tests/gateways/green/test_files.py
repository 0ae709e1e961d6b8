"""Files of GREEN-API: only from where it keeps them."""

import pytest

from tests.gateways.green.lines import OKSANA, TOKEN
from tests.gateways.scripted import answering, trouble
from widget.gateways.base import GatewayError, GatewayErrorCode


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://127.0.0.1/x",
        "http://api.green-api.com/x",  # not over TLS
        "https://api.green-api.com.evil.example/x",
        "https://evilgreen-api.com/x",
        "https://green-api.com@evil.example/x",
        "https://api.green-api.com:8443/x",
        "https://sw-media.storage.yandexcloud.net.evil.example/x",
        "https://evil.storage.yandexcloud.net/x",
        "https://do-media-7103.fra1.digitaloceanspaces.com.evil/x",
        "file:///etc/passwd",
        "https://[::1",
        "",
        None,
        5,
    ],
)
def test_a_file_elsewhere_is_not_fetched_whatever_an_answer_says(green_line, url):
    transport = answering(json={"downloadUrl": url})
    assert trouble(lambda: green_line(transport=transport).media(OKSANA, "A")) is GatewayErrorCode.NO_SUCH_THING
    assert len(transport.requests) == 1


def test_the_refusal_names_the_host_that_the_operator_may_allow(green_line, caplog):
    transport = answering(json={"downloadUrl": "https://Files.Example.com/x?token=secret"})
    with pytest.raises(GatewayError) as error:
        green_line(transport=transport).media(OKSANA, "A")
    assert (error.value.gateway_code, error.value.host) == (GatewayErrorCode.NO_SUCH_THING, "files.example.com")
    assert "files.example.com" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "https://sw-media.storage.greenapi.net/1/x.png",
        "https://media-1.storage.yandexcloud.net/1/x.png",
        "https://media-ru.storage.yandexcloud.kz/1/x.png",
        "https://sw-media.storage.yandexcloud.net/1103912412/a6679d42.png",
        "https://do-media-7103.fra1.digitaloceanspaces.com/7103961906/821ea36d.txt",
        "https://4100.api.green-api.com/download/4100/a6679d42.png",
        "https://7103.media.greenapi.com/x",
    ],
)
def test_a_file_in_the_vendors_storage_is_fetched_without_the_token(green_line, url):
    transport = answering(json={"downloadUrl": url})
    green_line(transport=transport, key=TOKEN).media(OKSANA, "A")
    assert [str(request.url) for request in transport.requests[1:]] == [url]
    assert TOKEN not in str(transport.requests[1].headers)


def test_a_file_that_whatsapp_has_lost_is_not_there(green):
    text = green.history([OKSANA], None, 30).messages[0]
    assert trouble(lambda: green.media(OKSANA, text.ref)) is GatewayErrorCode.NO_SUCH_THING
