"""What one portal has of the application right now, and its CRM: everything that a reset puts
back."""

import copy
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .arrangement import Section, arranged_with, is_always_shown, names_in
from .cards import NAMES, PortalCard
from .credentials import SCOPE, STATUS, PortalCredentials
from .items import LEAD, SMART_PROCESS, Item, clients, item
from .openlines.model import ContactCentre, seeded
from .seed import SEED, Crm

if TYPE_CHECKING:
    from .timelines import TimelineEntry

APP_ID = 1  # the row of the application in a portal; it is in the full code of our field type
FIELD_TYPE, FIELD_XML_ID = "whatsapp", "whatsapp-in-the-card"  # what an installation of the app has left behind
TITLE = "WhatsApp"
USUAL_HEIGHT = 200  # of a custom field's frame, in pixels (server module rest, lib/userfield/type.php)


@dataclass
class BoundPlacement:
    code: str
    handler: str
    title: str = TITLE
    description: str = ""
    languages: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class FieldType:
    type_id: str
    handler: str
    title: str = TITLE
    description: str = ""
    height: int = USUAL_HEIGHT

    @property
    def code(self) -> str:
        return f"rest_{APP_ID}_{self.type_id}"


@dataclass
class Field:
    """A custom field; `owner` is CRM_DEAL, CRM_LEAD, … or CRM_<row id> of a smart process."""

    id: int
    owner: str
    name: str
    user_type: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Handler:
    """A handler of an event. `auth_type` is the user whose token its events carry, 0 for the user
    who caused them."""

    id: int
    event: str
    address: str
    auth_type: int = 0
    offline: int = 0


@dataclass
class SmartType:
    row_id: int
    entity_type_id: int
    title: str
    has_clients: bool = True


@dataclass
class Funnel:
    """A funnel of deals or of a smart process: each arranges its cards for itself. The first one is
    the default."""

    id: int
    name: str


@dataclass
class Quirks:
    """What differs between portals, or between the docs and the source of the modules; the usual is
    the source's.

    `old_box` posts neither APPLICATION_TOKEN nor SERVER_ENDPOINT nor APPLICATION_SCOPE.
    `drops_header`: its web server keeps Authorization to itself. `server` is the authorisation
    server that knows its tokens, 1 or 2. `plain_code` is the code of an error that has only words
    ("" in the docs). `update` is whose story an update follows, "source" or "docs".
    `forgets_places`: a deleted field leaves its layout too. `silent_auth`: refreshAuth is never
    answered. `field_needs_finish`: an application's type is not known to fields before its
    installation is finished (by the docs: widgets/user-field/index.md). `funnels_in_pages`: by the
    docs a list of funnels comes in pages of 50, by the source each answer has them all.
    `events_first`: events of a call arrive before its answer.
    """

    old_box: bool = False
    drops_header: bool = False
    server: int = 1
    plain_code: str = "0"
    update: str = "source"
    forgets_places: bool = False
    silent_auth: bool = False
    field_needs_finish: bool = False
    funnels_in_pages: bool = True
    events_first: bool = False


@dataclass
class SandboxPortalState:
    """`present` without `installed` is an application whose installation or update is not
    finished."""

    portal: PortalCredentials
    crm: Crm
    application_token: str
    present: bool = True
    installed: bool = True
    version: int = 1
    previous_version: int | None = None
    finished_once: bool = True
    installer_id: int = 1
    dismissed: set[int] = field(default_factory=set)
    scopes: str = SCOPE
    notices: list[dict[str, Any]] = field(default_factory=list)  # to employees, by applications
    status: str = STATUS
    days: int | None = None
    payment_expired: str = "N"
    placements: list[BoundPlacement] = field(default_factory=list)
    field_types: list[FieldType] = field(default_factory=list)
    foreign_types: list[str] = field(default_factory=list)  # ids of field types that other applications have
    fields: list[Field] = field(default_factory=list)
    funnels: dict[int, list[Funnel]] = field(default_factory=dict)
    # Shared layouts, by owner and variant. A missing one was never arranged, which REST tells as
    # null.
    layouts: dict[tuple[str, int], list[Section]] = field(default_factory=dict)
    quirks: Quirks = field(default_factory=Quirks)
    handlers: list[Handler] = field(default_factory=list)
    types: list[SmartType] = field(default_factory=list)
    app_options: dict[str, Any] = field(default_factory=dict)  # what the frame set for all users
    user_options: dict[int, dict[str, Any]] = field(default_factory=dict)  # and for one user
    centre: ContactCentre = field(default_factory=seeded)
    timeline: list["TimelineEntry"] = field(default_factory=list)
    downloads: dict[str, int] = field(default_factory=dict)  # files of the drive by the token in their address
    badges: dict[str, dict[str, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _last_id: int = 6000

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def has_scope(self, scope: str) -> bool:
        return scope in self.scopes.split(",")

    def item(self, card: PortalCard) -> Item | None:
        return self.crm.get((card.entity_type_id, card.item_id))

    def has_card(self, card: PortalCard) -> bool:
        return card.entity_type_id in self.owners() and (card.item_id == 0 or self.item(card) is not None)

    def owners(self) -> dict[int, str]:
        """ENTITY_ID of custom fields by entityTypeId; a smart process is named by the row of its
        type."""
        named = {of_type: f"CRM_{name}" for of_type, name in NAMES.items()}
        return named | {each.entity_type_id: f"CRM_{each.row_id}" for each in self.types}

    def bound(self, code: str) -> list[BoundPlacement]:
        return [each for each in self.placements if each.code == code]

    def field_of(self, entity_type_id: int) -> tuple[Field, FieldType] | None:
        """Our field of this kind of card with its type; a field whose type is gone draws
        nothing."""
        owner = self.owners().get(entity_type_id)
        types = {each.code: each for each in self.field_types}
        found = [each for each in self.fields if each.owner == owner and each.user_type in types]
        return (found[0], types[found[0].user_type]) if found else None

    def funnels_of(self, entity_type_id: int) -> list[Funnel]:
        return self.funnels.get(entity_type_id) or [Funnel(0, "Общая")]

    def variants(self, entity_type_id: int) -> list[int]:
        """The layouts that a kind of card may have: one for each funnel, for leads simple (1) and
        repeat (2) ones."""
        if entity_type_id == LEAD:
            return [1, 2]
        return [funnel.id for funnel in self.funnels_of(entity_type_id)]

    def variant_of(self, card: PortalCard) -> int:
        """The variant of this card's layout."""
        item = self.item(card) or {}
        if card.entity_type_id == LEAD:
            return 2 if item.get("isReturnCustomer") == "Y" else 1
        return int(item.get("categoryId") or self.variants(card.entity_type_id)[0])

    def in_layout(self, found: Field, variant: int) -> bool:
        """Whether the shared layout names the field. One that was never arranged has it in its
        default section."""
        layout = self.layouts.get((found.owner, variant))
        return layout is None or found.name in names_in(layout)

    def always_shown(self, found: Field, variant: int) -> bool:
        """Without a value the field is drawn while viewing only where its place in the layout says
        so."""
        layout = self.layouts.get((found.owner, variant))
        return layout is not None and is_always_shown(layout, found.name)

    def smart_type(self, entity_type_id: int) -> SmartType | None:
        return next((each for each in self.types if each.entity_type_id == entity_type_id), None)

    def remove_application(self) -> None:
        """What leaves with the application. Fields stay, but without their type nothing draws them.

        bitrix24/b24restdocs: settings/app-uninstallation.md.
        """
        self.present = self.installed = False
        self.placements, self.field_types, self.handlers = [], [], []
        self.centre.connectors, self.centre.links = {}, {}

    def add_item_of(self, smart_type: SmartType) -> None:
        linked = clients(42) if smart_type.has_clients else {}
        title = f"{smart_type.title} № 1"
        self.crm[smart_type.entity_type_id, 1] = item(smart_type.entity_type_id, 1, title=title, **linked)


def start_state(portal: PortalCredentials, widget_url: str) -> SandboxPortalState:
    """The application as an earlier installation left it: all the cards have its tab and its
    field."""
    state = SandboxPortalState(portal, copy.deepcopy(SEED[portal.number]), portal.application_token)
    state.types = [SmartType(7, SMART_PROCESS, "Монтаж")]
    put_application(state, widget_url)
    return state


def put_application(state: SandboxPortalState, widget_url: str) -> None:
    handler = f"{widget_url}/placement"
    state.present = state.installed = state.finished_once = True
    state.field_types = [FieldType(FIELD_TYPE, handler)]
    state.placements, state.fields, state.layouts, state.handlers = [], [], {}, []
    for entity_type_id, owner in state.owners().items():
        state.placements.append(BoundPlacement(PortalCard(entity_type_id, 0).placement, handler))
        name = f"UF_{owner}_WHATSAPP"
        settings = {"xmlId": FIELD_XML_ID, "editFormLabel": {"ru": TITLE, "en": TITLE}}
        state.fields.append(Field(state.next_id(), owner, name, state.field_types[0].code, settings))
        for variant in state.variants(entity_type_id):
            state.layouts[owner, variant] = arranged_with({name: True})
