"""What the widget is measured beside, on the same kind of server: a page that does nothing, the
most that Flask can do; and the naive cold card: one shared httpx client, one check after another,
no cache, no limits."""

import os

import httpx
from flask import Flask, request

from benchmarks.stub import PHONES

app = Flask(__name__)
outside = httpx.Client(base_url=os.environ["OUTSIDE"], timeout=60)


@app.route("/bare/<int:size>", methods=["GET", "POST"])
def bare(size: int) -> str:
    return "x" * size


@app.post("/card")
def card() -> str:
    """The portal is asked in the widget's own batch, so that both wait for the same."""
    asked = request.get_json()
    path, token = f"/p{asked['portal']}/rest/batch", f"{asked['portal']}.7.known"
    cmd = {"item": f"crm.item.get?entityTypeId=2&id={asked['card']}"}
    found = outside.post(path, json={"halt": 0, "cmd": cmd, "auth": token}).json()["result"]["result"]
    people = [*found["contacts"]["items"], *found["companies"]["items"]]
    phones = [phone["value"] for person in people for phone in person["fm"]][:PHONES]
    rows = []
    for phone in phones:
        query = {"phone": phone.lstrip("+"), "session": "s1"}
        exists = outside.get("/api/contacts/check-exists", params=query).json()["numberExists"]
        rows.append(f'<li data-presence="{"yes" if exists else "no"}">{phone}</li>')
    return "".join(rows)
