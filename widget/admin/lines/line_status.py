"""What a line's gateway said about the line, or why it said nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from widget.gateways.base import Depth, GatewayError, LineState, LineStatus, Quota
from widget.gateways.lines import Gateways
from widget.storage.lines import Line


@dataclass(frozen=True)
class LineStatusText:
    """`value` is a LineState's or a GatewayErrorCode's; `until` is when that may be over (unix
    seconds, 0 if unknown); `forgets`: the line keeps no messages."""

    value: str
    until: float = 0.0
    quota: Quota | None = None
    forgets: bool = False

    @property
    def ready(self) -> bool:
        return self.value == LineState.READY.value


def status_text_of(said: LineStatus | GatewayError | None) -> LineStatusText:
    if said is None:
        return LineStatusText(LineState.NOT_YET.value)
    if isinstance(said, GatewayError):
        return LineStatusText(said.gateway_code.value, said.until, said.quota)
    return LineStatusText(said.state.value, said.until, forgets=said.depth is Depth.NONE)


def ask(gateways: Gateways, line: Line) -> LineStatusText:
    """The line's state now, stored line or not. One call."""
    try:
        return status_text_of(gateways.status(line, refresh=True) if line.id else gateways.of(line).status())
    except GatewayError as error:
        return status_text_of(error)


def ask_all(gateways: Gateways, lines: tuple[Line, ...]) -> Mapping[int, LineStatusText]:
    """Every line's state as far as it is known, asked anew behind the request where that is old. No
    call."""
    return {line_id: status_text_of(said) for line_id, said in gateways.known_of(lines).items()}
