"""The error bodies of WAHA."""

from datetime import UTC, datetime
from typing import Any

from flask import request

from sandbox.gateway.refusals import Refusal


def unauthorized() -> Refusal:
    return Refusal(401, {"message": "Unauthorized", "statusCode": 401})


def malformed(*complaints: str) -> Refusal:
    return Refusal(400, {"message": list(complaints), "error": "Bad Request", "statusCode": 400})


def not_found(message: str) -> Refusal:
    return Refusal(404, {"message": message, "error": "Not Found", "statusCode": 404})


def unprocessable(message: str) -> Refusal:
    return Refusal(422, {"message": message, "error": "Unprocessable Entity", "statusCode": 422})


def not_implemented(engine: str) -> Refusal:
    return Refusal(501, {"message": f"The method is not implemented by '{engine}' engine.", "statusCode": 501})


def not_running(session: str) -> Refusal:
    """A stopped session and an unknown one are the same to every endpoint that needs it running."""
    return not_found(
        f"We didn't find a session with name '{session}'.\n"
        f"Please start it by using POST /api/sessions/{session}/start request"
    )


def unexpected_status(session: str, status: str, expected: str) -> Refusal:
    return Refusal(
        422,
        {
            "error": "Session status is not as expected. Try again later or restart the session",
            "session": session,
            "status": status,
            "expected": [expected],
        },
    )


def exception(message: str, *, name: str = "Error", **more: Any) -> Refusal:
    """What WAHA makes of an error inside the engine; throttling looks like this too
    (devlikeapro/waha#619)."""
    return Refusal(
        500,
        {
            "statusCode": 500,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "exception": {"stack": f"{name}: {message}\n    at (...)", "message": message, **more, "name": name},
            # AllExceptionsFilter repeats all that was asked, with every word of a message.
            "request": {
                "path": request.full_path.rstrip("?"),
                "method": request.method,
                "body": request.get_json(silent=True) or {},
                "query": request.args.to_dict(),
            },
            "version": {"version": "2026.7.1", "engine": "GOWS", "tier": "CORE"},
        },
    )
