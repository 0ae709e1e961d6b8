"""The first page: the lines with buttons that change their state, and the way to the client's
phone."""

from datetime import datetime

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from sandbox.gateway.guards import here
from sandbox.gateway.kinds import TITLES
from sandbox.gateway.media import qr
from sandbox.gateway.model import SandboxLine

pages = Blueprint("home", __name__)

STATES = {
    "WORKING": "подключена",
    "SCAN_QR_CODE": "ждёт сканирования QR",
    "STOPPED": "остановлена",
    "STARTING": "запускается",
    "FAILED": "сбой",
}
# What a person would do to a line, and the state that it leads to.
ACTIONS = (
    ("WORKING", "Подключить"),
    ("STOPPED", "Остановить"),
    ("SCAN_QR_CODE", "Выйти из аккаунта"),
    ("FAILED", "Сломать"),
)
SCAN = "Отсканировать QR"
# What WhatsApp may do to a line, as manual.restrict takes it.
FORBIDDEN = (
    ("until", "Запретить новые чаты"),
    ("capped", "Исчерпать лимит"),
    ("yellow", "Жёлтая карточка"),
)


@pages.get("/")
def show() -> ResponseReturnValue:
    lines = list(here().state.lines.values())
    return render_template(
        "home.html",
        lines=lines,
        protocols=TITLES,
        states=STATES,
        actions=ACTIONS,
        scan=SCAN,
        forbidden=FORBIDDEN,
        under={line.name: words_of_restriction(line) for line in lines},
    )


def words_of_restriction(line: SandboxLine) -> str:
    """What WhatsApp forbids the line now, "" if nothing."""
    now, until = here().state.clock(), datetime.fromtimestamp(line.restricted_until).astimezone()
    words = [
        f"новых чатов нет до {until:%d.%m %H:%M}" if line.restricted_until > now else "",
        "лимит новых чатов исчерпан" if line.capped else "",
        "жёлтая карточка" if line.yellow else "",
    ]
    return ", ".join(filter(None, words))


@pages.get("/qr/<session>.png")
def show_qr(session: str) -> ResponseReturnValue:
    """The same picture as the protocol's, for the page: a browser sends no key."""
    line = here().state.lines.get(session)
    return Response(qr.picture(line.number) if line else b"", mimetype="image/png")


@pages.get("/favicon.ico")
def no_icon() -> ResponseReturnValue:
    """Browsers ask for it; a 404 would stand in their console as an error."""
    return "", 204


@pages.after_app_request
def nothing_foreign(answer: Response) -> Response:
    """Texts of clients are shown here: no script but our own may run."""
    if answer.mimetype == "text/html":
        answer.headers.setdefault("Content-Security-Policy", "default-src 'self'; base-uri 'none'; object-src 'none'")
    return answer
