"""Stands in for the app: opens cards and calls REST through Flask's test client, without sockets or
a browser."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from .credentials import CLIENT_ID, CLIENT_SECRET, DEFAULT_PORT, PORTALS


class Visitor:
    """One app that knows both portals of a sandbox. `portal` is 1 or 2 everywhere."""

    def __init__(self, app: Flask, port: int = DEFAULT_PORT) -> None:
        self._client = app.test_client()
        self._origins = {portal.number: portal.origin(port) for portal in PORTALS}

    def open(self, path: str = "/crm/deal/details/7045/", *, portal: int = 1, **choices: str) -> dict[str, Any]:
        """What the portal would post into the frame: `{"frame", "action", "fields"}`."""
        answer = self.post("/opening", portal=portal, query_string={"path": path, **choices})
        opening: dict[str, Any] = answer.get_json()
        return opening

    def token(self, user: str = "rep", *, portal: int = 1) -> str:
        fields = self.open(portal=portal, user=user)["fields"]
        return str(fields["AUTH_ID"])

    def ask(self, method: str, token: str, portal: int = 1, **params: Any) -> TestResponse:
        """Call REST with a JSON body; the whole answer, status too."""
        return self.post(f"/rest/{method}", portal=portal, json={**params, "auth": token})

    def call(self, method: str, token: str, portal: int = 1, **params: Any) -> Any:
        """Call REST and return the JSON body, also of an error."""
        return self.ask(method, token, portal, **params).get_json()

    def refresh(self, refresh_token: str, secret: str = CLIENT_SECRET) -> TestResponse:
        client = {"client_id": CLIENT_ID, "client_secret": secret}
        return self.post(
            "/oauth/token/", data={"grant_type": "refresh_token", "refresh_token": refresh_token, **client}
        )

    def get(self, path: str, *, portal: int = 1, **options: Any) -> TestResponse:
        return self._client.get(path, base_url=self._origins[portal], **options)

    def post(self, path: str, *, portal: int = 1, **options: Any) -> TestResponse:
        return self._client.post(path, base_url=self._origins[portal], **options)

    def break_with(self, fault: str, match: str = "*", times: int | None = 1, **details: Any) -> None:
        """Ask for a fault; see sandbox/control.py."""
        wanted = {"fault": fault, "match": match, "times": times, **details}
        assert self.post("/_sandbox/faults", json=wanted).status_code == 200

    def state(self, portal: int = 1) -> dict[str, Any]:
        """What the portal has of the app: see sandbox/portal/state_json.py."""
        told: dict[str, Any] = self.get(f"/_sandbox/portals/{portal}").get_json()
        return told

    def change(self, portal: int = 1, **changes: Any) -> dict[str, Any]:
        """Change the portal: see sandbox/portal/changes.py. Gives the new state."""
        answer = self.post(f"/_sandbox/portals/{portal}", json=changes)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.get_json()
        return told

    def act(self, path: str, *, portal: int = 1, user: str = "admin", **form: str) -> TestResponse:
        """Press a button of /market/ or /types/."""
        return self.post(path, portal=portal, query_string={"user": user}, data=form)

    def finish(self, *, portal: int = 1, user: str = "admin") -> bool:
        """What a page does when its frame says setInstallFinish."""
        answer = self.post("/install-finish", portal=portal, query_string={"user": user})
        return bool(answer.get_json()["finished"])

    def sent(self) -> list[dict[str, Any]]:
        """The events sent since the reset, all of them answered or given up."""
        events: list[dict[str, Any]] = self.get("/_sandbox/events?wait=1").get_json()["events"]
        return events
