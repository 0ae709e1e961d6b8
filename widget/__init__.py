"""The widget: a Flask service that Bitrix24 opens in its CRM cards. Start reading at
`create_app`."""

import functools
import logging
import math
import os
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request, url_for
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from widget import i18n, logs
from widget.admin.views import pages as admin_pages
from widget.assets import Assets, pack
from widget.bitrix24.events import MAX_EVENT
from widget.card.views import pages as card_pages
from widget.chats.markup import whatsapp_text
from widget.chats.views import pages as chat_pages
from widget.cli import register_commands
from widget.config import Config
from widget.current import company_of_request
from widget.errors import AppError, ErrorCode, Refused
from widget.forms import PatientRequest
from widget.gateways.kinds import KINDS
from widget.health.views import pages as health_pages
from widget.icons import icon
from widget.install.views import pages as install_pages
from widget.later.views import pages as later_pages
from widget.openlines.views import pages as open_line_pages
from widget.phones.numbers import shown
from widget.places import hold
from widget.replies.views import pages as reply_pages
from widget.services import services
from widget.session import LAUNCH_HEADER, SESSION_HEADER, Session
from widget.storage.database import RowRefused
from widget.templating import ShortCode, ShortContext
from widget.webhooks.views import pages as hook_pages
from widget.wiring import build

ROOT = Path(__file__).resolve().parent.parent
MAX_REQUEST = 64 * 1024

log = logging.getLogger(__name__)


def create_app(config: Config | None = None, **parts: Any) -> Flask:
    """The application. `parts` replace what `wiring.build` would make (clock, client, sleep, pool);
    for tests."""
    config = config or Config.from_environ(os.environ)
    app = _Flask(
        __name__,
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        # The version is a folder and not a query, so that modules which import each other are of
        # one version.
        static_url_path=f"/static/{_assets().version}",
    )
    app.send_static_file = _assets().send  # type: ignore[method-assign]
    app.url_map.converters["int"] = RowId
    app.request_class = PatientRequest
    app.config.update(MAX_CONTENT_LENGTH=MAX_REQUEST, MAX_FORM_PARTS=200)
    logs.init_app(app, config.log_level)
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=config.trusted_proxies)  # type: ignore[method-assign]
    app.extensions["widget"] = build(app, config, **parts)
    _set_up_templates(app)
    _set_up_answers(app)

    # Who may call what: these two read the form Bitrix24 posts, and everything else in them needs
    # our own session (tests/test_routes.py walks them all).
    app.register_blueprint(install_pages)
    app.register_blueprint(card_pages)
    app.register_blueprint(admin_pages)
    app.register_blueprint(chat_pages)
    app.register_blueprint(reply_pages)
    app.register_blueprint(later_pages)
    app.register_blueprint(hook_pages)
    app.register_blueprint(open_line_pages)
    app.register_blueprint(health_pages)
    register_commands(app)
    return app


class _Flask(Flask):
    """No function of ours is async, and none is looked at for that: Flask does so ten times a
    request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


class RowId(IntegerConverter):
    """An id in a path. One that is too large for a database is the largest there, which no row has:
    404 and not 405, which is what a rule answers that finds its value wrong."""

    def to_python(self, value: str) -> int:
        return min(int(value), 2**63 - 1)


def _set_up_templates(app: Flask) -> None:
    i18n.init_app(app)
    app.jinja_env.context_class = ShortContext
    app.jinja_env.code_generator_class = ShortCode
    app.jinja_env.filters["phone"] = shown
    app.jinja_env.filters["whatsapp"] = whatsapp_text
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        icon=icon,
        gateway_kinds=KINDS,
        static_file=lambda name: url_for("static", filename=name),
        portal_url=_portal_url,
    )


def _portal_url(path: str) -> str:
    """A page of the reader's portal; where a page has a bridge to the portal, its script opens it
    from there."""
    return f"{g.portal.origin if 'portal' in g else g.get('frame_origin', '')}{path}"


def _set_up_answers(app: Flask) -> None:
    app.register_error_handler(AppError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    for row_refused in (IntegrityError, RowRefused):
        app.register_error_handler(row_refused, _perhaps_deleted)
    for store_gone in (OperationalError, NoConnection):
        app.register_error_handler(store_gone, _store_gone)
    app.register_error_handler(Exception, _broken)
    app.before_request(_take_place)
    app.teardown_request(_leave_place)
    app.after_request(_protect)


# They make no outside call, and an operator asks them when the service is in trouble.
_ALWAYS = frozenset({"static", "health.live", "health.ready", "health.metrics"})


def _take_place() -> None:
    """Take a thread's place for the request, before anything is read or done. Raises Crowded."""
    endpoint = request.endpoint
    if endpoint in _ALWAYS:
        return
    if endpoint == "hooks.bitrix24":  # its form is read for whose it is
        request.max_content_length = MAX_EVENT
    place = g.place = services().entrance.places.take(_company(endpoint))
    hold(place)


def _company(endpoint: str | None) -> Hashable:
    """The company whose share of the threads this request takes. A gateway and a portal have no
    session, but addresses that name their company: each kind has a share of its own, as large
    however many lines or files there are. Requests that name no company share one."""
    named = request.view_args or {}
    if endpoint == "hooks.gateway":
        return endpoint, services().webhooks.gateway_receiver.company(named["hook_key"])
    if endpoint == "openlines.file":
        return endpoint, services().open_lines.addresses.company(named["token"])
    return company_of_request()


def _leave_place(_error: BaseException | None) -> None:
    if place := g.pop("place", None):
        hold(None)
        place.leave()


def _refused(error: AppError) -> Response:
    """A page where a page was asked for, a fragment where our own script asked."""
    if not i18n.is_language_set():  # it comes before Bitrix24's LANG or a session is read
        i18n.set_language(request.accept_languages.best_match(i18n.languages()) or i18n.SOURCE)
    services().infra.metrics.refused(error.code.value)
    log.info("request.refused code=%s reason=%s", error.code.value, error.reason)
    by_script = request.is_json or SESSION_HEADER in request.headers or LAUNCH_HEADER in request.headers
    html = render_template(
        "_refused.html" if by_script else "refused.html",
        code=error.code.value,
        about=error.about,
        retry=by_script and error.retry,
        cure=by_script and error.code in _CURED_BY_REFRESH and request.blueprint in ("card", "chats"),
        minutes=max(1, math.ceil((error.until - services().infra.clock()) / 60)) if error.until else 0,
        request_id=logs.request_id(),
        portal_origin=g.get("frame_origin"),
    )
    response = make_response(html, error.status)
    response.headers["X-Refusal"] = error.code.value
    if error.code in (ErrorCode.CROWDED, ErrorCode.STORE_GONE):
        response.headers["Retry-After"] = "2"
    return response


# What the page shows is no longer so: a line was switched off or closed, a number left the card.
_CURED_BY_REFRESH = frozenset({ErrorCode.LINE_OFF, ErrorCode.NOT_ALLOWED})


def _http_error(error: HTTPException) -> Response:
    code = {404: ErrorCode.NOT_FOUND, 405: ErrorCode.NOT_FOUND, 413: ErrorCode.TOO_LARGE}.get(error.code or 500)
    return _refused(Refused(code or ErrorCode.BAD_FORM, error.code or 500, error.name))


def _perhaps_deleted(error: Exception) -> Response:
    """Answer a write that names a portal which another process has just deleted: this process still
    remembers it for some seconds."""
    session: Session | None = g.get("session")
    if session and services().storage.portals.get(session.portal_id, refresh=True) is None:
        return _refused(Refused(ErrorCode.UNKNOWN_PORTAL, reason="session's portal is gone"))
    return _broken(error)


def _store_gone(error: Exception) -> Response:
    """Answer 503 while the database restarts, moves, or is full."""
    log.error("request.store_gone error=%s", type(getattr(error, "orig", None) or error).__name__)
    return _refused(Refused(ErrorCode.STORE_GONE, reason=type(error).__name__))


def _broken(error: Exception) -> Response:
    log.error("request.broken error=%s", type(error).__name__, exc_info=error)
    return _refused(Refused(ErrorCode.BROKEN, reason=type(error).__name__))


_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors"
)


def _protect(response: Response) -> Response:
    """Set the headers by which only the portal may frame a page, only our own files run, and
    browsers keep nothing but static files."""
    frame, headers = g.get("frame_origin") or "'none'", response.headers
    headers.add("Content-Security-Policy", f"{_POLICY} {frame}")
    headers.add("X-Content-Type-Options", "nosniff")
    headers.add("Referrer-Policy", "no-referrer")
    if request.endpoint != "static":
        pack(response)
        if "Cache-Control" not in headers:  # a view's own stands
            headers.add("Cache-Control", "no-store")
    return response


@functools.cache
def _assets() -> Assets:
    return Assets(ROOT / "static")
