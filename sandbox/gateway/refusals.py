"""A request that ends with an error, in any protocol."""

from typing import Any

from flask import Response, jsonify


class Refusal(Exception):
    """Ends the request with this status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body

    def response(self) -> Response:
        answer = jsonify(self.body)
        answer.status_code = self.status
        return answer
