"""A page that does nothing: what Flask on this server can do at most. `BARE_SIZE` is the size of its body."""

import os

from flask import Flask

app = Flask(__name__)
PAGE = "x" * int(os.environ.get("BARE_SIZE", "1000"))


@app.route("/", methods=["GET", "POST"])
def page() -> str:
    return PAGE
