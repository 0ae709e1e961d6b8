"""Put our tabs, our field and our event handlers into a portal, and report what is there.

Everything here can be repeated: ask what is there, then only what is missing (desired.py says what
that is). So an installation, an update and a repair are the same, and each leaves exactly one of
everything. bitrix24/b24restdocs: settings/app-installation/*,
api-reference/widgets/placement-bind.md, events/event-bind.md.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from widget.bitrix24.arranging import MAX_BATCH, NOT_TOLD, Arranging, Ask, Written
from widget.bitrix24.country import country_of
from widget.bitrix24.events import UNINSTALLED
from widget.bitrix24.installer.actual import ActualState, actual_of, left_of, next_page, questions, with_page
from widget.bitrix24.installer.desired import (
    APP_VERSION,
    DELETE_FIELD,
    DesiredState,
    InstallStep,
    field_name,
    handlers_missing,
    missing,
    moved_fields,
    stale,
    tabs_there,
    takes_fields,
    wanted_of,
)
from widget.bitrix24.installer.layouts import in_layout, showing
from widget.bitrix24.installer.report import (
    FieldFinding,
    InLayout,
    Inspection,
    InstallerState,
    InstallReport,
    LayoutFinding,
    Part,
    Shown,
)
from widget.bitrix24.installer.userfield import names_of
from widget.bitrix24.moving import Moving, kept_of, put_all_back, read_moving, text_of
from widget.bitrix24.oauth import Home, OAuth
from widget.bitrix24.placement import Placement
from widget.bitrix24.rest import Rest
from widget.errors import ErrorCode, Refused
from widget.storage.events import Events
from widget.storage.portals import Installation, Portal, Portals
from widget.storage.tokens import Token, Tokens

log = logging.getLogger(__name__)

NO_TYPE_YET = "type_not_known_yet"  # our own code, of a field that is left as it is until there is one
# The portal does not know such a thing, today or in an hour: an older box, or a module that is not
# there.
UNAVAILABLE = frozenset(
    {"error_event_not_found", "error_placement_not_found", "error_method_not_found", "insufficient_scope"}
)


class NoAddress(Exception):
    """PUBLIC_URL is not set: what would be installed could not be reached. For the operator to
    mend."""


@dataclass(frozen=True)
class Installed:
    """What POST /install has to show."""

    portal: Portal
    report: InstallReport


class Installer:
    def __init__(
        self,
        oauth: OAuth,
        rest: Rest,
        portals: Portals,
        tokens: Tokens,
        events: Events,
        *,
        public_url: str,
        clock: Callable[[], float],
    ) -> None:
        self._oauth = oauth
        self._names = names_of(oauth.client_id)
        self._rest = rest
        self._portals = portals
        self._tokens = tokens
        self._events = events
        self._public_url = public_url
        self._clock = clock

    def install(self, form: Placement) -> Installed:
        """Install, update or complete the application in the portal a form came from, which need
        not be known yet.

        Nothing in the form is believed: portal, user, address and rights come from the
        authorisation server and from the portal it names. Nothing is stored or bound for a user who
        is not an administrator: Refused(NOT_ADMIN). Raises Refused and NoAddress. Two outside
        calls, one more for every 50 things that are missing and for each pause that a busy portal
        asks for.
        """
        self._require_address()
        home = Home(form.domain, hint=form.server)  # hints which server to ask first, and no more
        identity = self._oauth.prove(form.access_token, member_id=form.member_id, refresh=True, home=home)
        first = self._rest.first_calls(identity, form.access_token)
        found = self._look(first.batch, identity.user_id)
        _require_admin(found)
        self._finish_removal(form.member_id)
        known = self._portals.find(form.member_id)
        kept_token = self._portals.application_token(known.id) if known and not form.application_token else ""
        portal = self._portals.install(
            Installation(
                member_id=identity.member_id,
                domain=identity.domain,
                endpoint=identity.endpoint,
                application_token=form.application_token or kept_token,
                auth_server=identity.auth_server,
                scopes=found.scopes,
                status=found.status or identity.status,
                installer_id=identity.user_id,
            ),
            country=country_of(found.licence),
        )
        first.log(portal.id)
        expires_at = self._clock() + form.expires_in
        self._tokens.put(portal.id, identity.user_id, Token(form.access_token, form.refresh_token, expires_at))
        ask = self._as_user(portal, identity.user_id)
        return Installed(portal, self._complete(portal, identity.user_id, found, ask))

    def repair(self, portal: Portal, user_id: int) -> InstallReport:
        """Install what is missing with a stored user's token, which from then on works in the
        background.

        Raises Refused (NOT_ADMIN too) and NoAddress. One outside call, one more for every 50 things
        that are missing.
        """
        ask, found, _wanted = self._looked(portal, user_id)
        if portal.installer_id != user_id:
            self._portals.set_installer(portal.id, user_id)
        return self._complete(portal, user_id, found, ask)

    def inspect(self, portal: Portal, user_id: int) -> Inspection:
        """What is there and what is not, for the health list; changes nothing.

        Raises Refused (NOT_ADMIN too) and NoAddress. Four outside calls, more in a portal with over
        50 layouts.
        """
        ask, found, wanted = self._looked(portal, user_id)
        return Inspection(
            placements=tabs_there(found, wanted),
            field_type=(found.types or {}).get(wanted.names.type_id) == wanted.page,
            fields=_fields(self._arranging(ask, portal, user_id), found, wanted),
            handlers_missing=handlers_missing(found, wanted),
            stale=stale(found, wanted),
            left_out=wanted.left_out,
            scopes_missing=wanted.scopes_missing,
            installer=self._installer_state(portal, found),
            app_version_current=portal.app_version == APP_VERSION,
        )

    def show_field(self, portal: Portal, user_id: int) -> Shown:
        """Have every arranged card show the field always, to all users. Which cards do now.

        A card that was never arranged is left alone: REST tells nothing of its sections, and
        writing a layout takes away what it does not name. Raises Refused (NOT_ADMIN too) and
        NoAddress. Three outside calls, and one for each layout that is changed.
        """
        ask, found, wanted = self._looked(portal, user_id)
        arranging = self._arranging(ask, portal, user_id)
        shown = Shown.ALL
        for layout, sections in arranging.read(wanted.fields).items():
            name = field_name(found, wanted, layout.entity)
            place = InLayout.UNKNOWN if sections is NOT_TOLD else in_layout(sections, name)
            if place in (InLayout.UNARRANGED, InLayout.UNKNOWN):
                shown = min(shown, Shown.ARRANGED)
            elif not name or (
                place is not InLayout.ALWAYS and arranging.write(layout, showing(sections, name)) is not Written.DONE
            ):
                shown = Shown.PARTLY
        return shown

    def refresh_subscription(self, portal: Portal) -> None:
        """The term and status of the application, from the portal itself. Raises Refused. One
        outside call."""
        answer = self._rest.call(portal, portal.installer_id, "app.info", {})
        if isinstance(answer, dict):
            status = str(answer.get("STATUS") or "")[:2]
            self._portals.set_subscription(portal.id, status=status, days_left=left_of(answer))

    def outdated(self) -> list[Portal]:
        """Active portals that another version of this service installed, or whose installation was
        never completed (a field may be refused until the installation is finished), and that can be
        brought up to date."""
        return [portal for portal in self._portals.all() if portal.is_served and portal.app_version != APP_VERSION]

    def uninstall(self, portal_id: int, *, clean: bool) -> None:
        """The application was removed: every token goes, and with `clean` everything of the portal.
        No outside call."""
        self._tokens.drop_all(portal_id)
        if clean:
            self._portals.delete(portal_id)
        else:
            self._portals.mark_removed(portal_id)

    def _finish_removal(self, member_id: str) -> None:
        """Finish a removal that still waits, or it would hit the installation that follows it."""
        known = self._portals.find(member_id)
        for event in self._events.unfinished(known.id, UNINSTALLED) if known else ():
            self.uninstall(event.portal_id, clean=event.body.get("clean") == 1)
            self._events.finish(event.id)

    def _require_address(self) -> None:
        if not self._public_url:
            raise NoAddress

    def _looked(self, portal: Portal, user_id: int) -> tuple[Ask, ActualState, DesiredState]:
        """The portal's state as an administrator sees it, and what is wanted. Raises Refused and
        NoAddress. One call."""
        self._require_address()
        ask = self._as_user(portal, user_id)
        found = self._look(ask, user_id)
        _require_admin(found)
        return ask, found, self._wanted(found)

    def _wanted(self, found: ActualState) -> DesiredState:
        return wanted_of(found, self._names, self._public_url)

    def _as_user(self, portal: Portal, user_id: int) -> Ask:
        return lambda commands: self._rest.batch(portal, user_id, commands)

    def _look(self, ask: Ask, user_id: int) -> ActualState:
        """The portal as it is. One batch; more only for a portal with more than a page of smart
        processes or fields."""
        answer = ask(questions(self._names))
        page = 1
        while more := next_page(answer, self._names, page):
            answer = with_page(answer, ask(more))
            page += 1
        return actual_of(answer, user_id)

    def _arranging(self, ask: Ask, portal: Portal, user_id: int) -> Arranging:
        return Arranging(ask, lambda method, params: self._rest.call(portal, user_id, method, params), portal.id)

    def _complete(self, portal: Portal, user_id: int, found: ActualState, ask: Ask) -> InstallReport:
        wanted, arranging = self._wanted(found), self._arranging(ask, portal, user_id)
        moving = self._begin_move(portal, arranging, found, wanted)
        names = {entity: kept.name for entity, kept in moving.items()}
        steps = missing(found, wanted, names)
        failed = self._do(ask, user_id, steps, wanted)
        gone = [step for step, code in failed if code.lower() in UNAVAILABLE]
        failed = [(step, code) for step, code in failed if step not in gone]
        if failed:  # perhaps by another installation at the same time
            still = {(step.part, step.what) for step in missing(self._look(ask, user_id), wanted, names)}
            failed = [(step, code) for step, code in failed if (step.part, step.what) in still]
        complete = not failed and self._end_move(portal, arranging, moving, wanted)
        self._portals.set_subscription(portal.id, status=found.status, days_left=found.days_left)
        self._portals.set_scopes(portal.id, found.scopes)
        self._portals.set_app_version(portal.id, APP_VERSION if complete else 0)
        report = _report(wanted, steps, gone, failed)
        log.info(
            "portal.installed portal=%s version=%s added=%s removed=%s left_out=%s failed=%s",
            portal.id,
            APP_VERSION,
            sum(report.done.values()),
            report.removed,
            sorted(part.value for part in report.left_out),
            [f"{what} {code[:60]}" for what, code in report.failed],
        )
        return report

    def _begin_move(self, portal: Portal, arranging: Arranging, found: ActualState, wanted: DesiredState) -> Moving:
        """Write down what fields that go are called and where they stand; what was written down
        before is older and so the truth. No call where none goes."""
        before = read_moving(self._portals.moving(portal.id))
        names = {entity: name for entity, name in moved_fields(found, wanted).items() if entity not in before}
        if not names:
            return before
        layouts = arranging.read([field for field in wanted.fields if field.entity in names], all_of_it=True)
        moving = {**kept_of(names, layouts), **before}
        self._portals.set_moving(portal.id, text_of(moving))
        self._portals.set_app_version(portal.id, 0)  # until the move is ended, in this installation or a later one
        return moving

    def _end_move(self, portal: Portal, arranging: Arranging, moving: Moving, wanted: DesiredState) -> bool:
        """Whether everything is back in its place. Refused where the portal is out of reach: it is
        tried again."""
        if not moving or Part.FIELD in wanted.left_out:
            return True
        done = put_all_back(moving, wanted.fields, arranging)
        if done:
            self._portals.set_moving(portal.id, "")
        return done

    def _do(
        self, ask: Ask, user_id: int, steps: Sequence[InstallStep], wanted: DesiredState
    ) -> list[tuple[InstallStep, str]]:
        """All steps; those that the portal refused, with the code. No field is deleted before its
        new type is seen."""
        if not any(step.command[0] == DELETE_FIELD for step in steps):
            return self._run(ask, steps)
        failed = self._run(ask, [step for step in steps if not step.is_of_field])
        fields = [step for step in steps if step.is_of_field]
        if takes_fields(self._look(ask, user_id), wanted):
            return failed + self._run(ask, fields)
        return failed + [(step, NO_TYPE_YET) for step in fields]

    def _run(self, ask: Ask, steps: Sequence[InstallStep]) -> list[tuple[InstallStep, str]]:
        """The commands in their order, 50 in a batch. Returns those that the portal refused, with
        the code."""
        failed = []
        for start in range(0, len(steps), MAX_BATCH):
            part = steps[start : start + MAX_BATCH]
            answer = ask({f"c{place}": step.command for place, step in enumerate(part)})
            for place, step in enumerate(part):
                if f"c{place}" in answer.errors:
                    failed.append((step, answer.errors[f"c{place}"] or "unknown"))
        return failed

    def _installer_state(self, portal: Portal, found: ActualState) -> InstallerState:
        if portal.installer_id == found.user_id:
            return InstallerState.READY
        if not portal.installer_id:
            return InstallerState.GONE
        try:
            admin = self._rest.call(portal, portal.installer_id, "user.admin", {})
        except Refused as refusal:
            return InstallerState.GONE if refusal.code is ErrorCode.NO_AUTH else InstallerState.UNKNOWN
        return InstallerState.READY if admin is True else InstallerState.NOT_ADMIN


def _require_admin(found: ActualState) -> None:
    if not found.admin:
        raise Refused(ErrorCode.NOT_ADMIN, reason="user.admin")


def _fields(arranging: Arranging, found: ActualState, wanted: DesiredState) -> tuple[FieldFinding, ...]:
    """Each kind of card with its field, and what its layouts say of it. Two batches, more for over
    50 layouts."""
    names = {field.entity: field_name(found, wanted, field.entity) for field in wanted.fields}
    findings: dict[str, list[LayoutFinding]] = {}
    for layout, sections in arranging.read([field for field in wanted.fields if names[field.entity]]).items():
        place = InLayout.UNKNOWN if sections is NOT_TOLD else in_layout(sections, names[layout.entity])
        findings.setdefault(layout.entity, []).append(LayoutFinding(layout.variant, place))
    return tuple(
        FieldFinding(field.entity, field.title, bool(names[field.entity]), tuple(findings.get(field.entity, ())))
        for field in wanted.fields
    )


def _report(
    wanted: DesiredState,
    steps: Iterable[InstallStep],
    gone: list[InstallStep],
    failed: Sequence[tuple[InstallStep, str]],
) -> InstallReport:
    broken = gone + [step for step, _code in failed]
    done = Counter(step.part for step in steps if step.part and step not in broken)
    lacking = Counter(step.part for step in broken if step.part)
    all_of = {
        Part.TAB: len(wanted.tabs),
        Part.FIELD_TYPE: int(Part.FIELD_TYPE not in wanted.left_out),
        Part.FIELD: len(wanted.fields),
        Part.HANDLER: len(wanted.events),
    }
    return InstallReport(
        done={part: done[part] for part in Part},
        removed=sum(step.part is None and step not in broken for step in steps),
        present={part: count - lacking[part] for part, count in all_of.items()},
        left_out=wanted.left_out,
        scopes_missing=wanted.scopes_missing,
        failed=tuple((step.what, code) for step, code in failed),
    )
