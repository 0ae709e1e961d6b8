"""The states of several lines, asked side by side."""

from collections.abc import Sequence
from concurrent.futures import Executor

from widget.gateways.base import GatewayError, LineState, LineStatus
from widget.gateways.lines import Gateways
from widget.storage.lines import Line


class LineStates:
    def __init__(self, gateways: Gateways, pool: Executor) -> None:
        self._gateways = gateways
        self._pool = pool

    def of(self, lines: Sequence[Line]) -> dict[int, LineState]:
        """By line id. One call a line, none for a state known a moment ago."""
        asked = self.statuses_or_errors(lines)
        return {line: said.state if isinstance(said, LineStatus) else LineState.UNKNOWN for line, said in asked.items()}

    def statuses_or_errors(self, lines: Sequence[Line]) -> dict[int, LineStatus | GatewayError]:
        """The same for an administrator, who is told why a gateway did not say."""
        asked = {line.id: self._pool.submit(self._gateways.status, line) for line in lines}
        said: dict[int, LineStatus | GatewayError] = {}
        for line_id, future in asked.items():
            try:
                said[line_id] = future.result()
            except GatewayError as error:
                said[line_id] = error
        return said
