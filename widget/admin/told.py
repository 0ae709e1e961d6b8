"""What a line's gateway said about the line, or why it said nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from widget.gateways.base import GatewayError, LineState, LineStatus, Quota
from widget.services import services
from widget.storage.lines import Line


@dataclass(frozen=True)
class Told:
    """`value` is a LineState's or a Trouble's; `until` is when that may be over (unix seconds, 0 if unknown)."""

    value: str
    until: float = 0.0
    quota: Quota | None = None

    @property
    def ready(self) -> bool:
        return self.value == LineState.READY.value


def told_of(said: LineStatus | GatewayError) -> Told:
    if isinstance(said, GatewayError):
        return Told(said.trouble.value, said.until, said.quota)
    return Told(said.state.value, said.until)


def ask(line: Line) -> Told:
    """The line's state now, stored line or not. One call."""
    gateways = services().gateways
    try:
        return told_of(gateways.status(line, again=True) if line.id else gateways.of(line).status())
    except GatewayError as error:
        return told_of(error)


def ask_all(lines: tuple[Line, ...]) -> Mapping[int, Told]:
    """Every line's state, asked side by side. One call a line, none for a state known a moment ago."""
    said = services().line_states.statuses_or_errors(lines)
    return {line_id: told_of(each) for line_id, each in said.items()}
