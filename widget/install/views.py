"""POST /install: install everything without a question, then tell Bitrix24 and people that it is
done.

Bitrix24 opens it for the app's own page, but also in place of any card while the installation is
not finished; so any form is an installation, and is never answered with the wrong page.
"""

from flask import Blueprint, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from widget import logs
from widget.bitrix24.installer.installer import NoAddress
from widget.bitrix24.placement import posted_origin, proved_origin, read_common
from widget.errors import ErrorCode, Refused
from widget.i18n import language_of, set_language
from widget.services import services

pages = Blueprint("install", __name__)


@pages.post("/install")
def install() -> ResponseReturnValue:
    """Two outside calls when nothing is missing, three the first time; all bounded."""
    g.frame_origin = posted_origin(request.args)
    set_language(language_of(request.args.get("LANG", "")))
    form = read_common(request.args, request.form)
    if not form.access_token:
        raise Refused(ErrorCode.NO_AUTH, reason="empty AUTH_ID")
    try:
        installed = services().bitrix24.installer.install(form)
    except NoAddress:
        return render_template("install/operator.html", portal_origin=g.frame_origin), 503
    except Refused as refusal:
        if refusal.code is not ErrorCode.NOT_ADMIN:
            raise
        services().infra.metrics.refused(refusal.code.value)
        response = make_response(render_template("install/not_admin.html", portal_origin=g.frame_origin), 403)
        response.headers["X-Refusal"] = refusal.code.value
        return response
    portal = installed.portal
    g.frame_origin = proved_origin(request.args, domain=portal.domain, origin=portal.origin)
    return render_template(
        "install/done.html",
        portal_origin=g.frame_origin,
        report=installed.report,
        request_id=logs.request_id(),
    )


@pages.get("/install")
def explain() -> ResponseReturnValue:
    """The address was opened by hand."""
    raise Refused(ErrorCode.NOT_FOUND)
