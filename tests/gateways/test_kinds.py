"""What every vendor's folder has to say of itself."""

from pathlib import Path

import pytest

from sandbox.demo import LINES
from sandbox.gateway import kinds as simulated
from sandbox.gateway.lines import fresh_lines
from tests.stand import PATIENCE, Widget
from widget.gateways.breaker import Breaker
from widget.gateways.calls import Calls, Timeouts
from widget.gateways.kind import GatewayKind
from widget.gateways.kinds import KINDS, capabilities_of
from widget.http import make_client

MAY_BE_EMPTY = {"reports_late", "unsupported_advice"}
WORDS = MAY_BE_EMPTY | {
    *("address_hint", "session_label", "session_hint", "key_label", "new_key_label", "key_hint", "reports_by_hand"),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_an_adapter_is_what_its_kind_says(kind: GatewayKind) -> None:
    calls = Calls(make_client(), kind.address_example, Timeouts(PATIENCE, PATIENCE, PATIENCE), Breaker(lambda: 0.0))
    adapter = kind.open(calls, session=kind.session_example, key="k")

    assert adapter.capabilities is kind.capabilities is capabilities_of(kind.name)
    assert adapter.chat_id_of("+79261112233") == f"79261112233@{kind.home}"
    assert kind.session_example.isdecimal() or not kind.session_is_number
    assert kind.webhooks.events({}) == []


def test_every_kind_has_a_simulator_with_a_line_in_the_demo() -> None:
    assert {kind.name for kind in simulated.KINDS} == set(KINDS)
    assert {line.protocol for line in fresh_lines(0)} == set(KINDS)
    assert {kind for _, _, _, kind in LINES} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_keeps_the_contract(name: str) -> None:
    tests = Path(__file__).parent / name / "test_contract.py"

    assert tests.exists()
    assert "(Contract):" in tests.read_text()


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_words_for_the_settings_page(widget: Widget, name: str) -> None:
    with widget.app.test_request_context():
        words = widget.app.jinja_env.get_template(f"gateways/{name}/words.html").module
        said = {part: str(getattr(words, part)()).strip() for part in WORDS}

    assert {part for part, text in said.items() if not text} <= MAY_BE_EMPTY
