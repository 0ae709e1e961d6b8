"""Ids and secrets of the app and of the two portals. The demo's seed imports them, so both sides
agree without an installation."""

from dataclasses import dataclass

CLIENT_ID = "local.sandbox0000000000.00000001"
CLIENT_SECRET = "sandbox-client-secret"
SCOPE = "crm,department,im,placement,user_brief,userfieldconfig"
STATUS = "L"  # a local application

HOST = "127.0.0.1"
DEFAULT_PORT = 8001
ALIAS = "crm.localhost"  # another name of the first portal, at any port that leads here
AUTH_SERVER = "oauth.sandbox"  # `domain` in an answer to a refresh: not the portal (b24restdocs: settings/oauth)


@dataclass(frozen=True)
class PortalCredentials:
    """One portal. It listens `port_offset` above the port of the sandbox, and its address follows
    from that."""

    number: int
    title: str
    member_id: str
    application_token: str
    port_offset: int
    country: str = "RU"

    def domain(self, port: int = DEFAULT_PORT) -> str:
        return f"{HOST}:{port + self.port_offset}"

    def origin(self, port: int = DEFAULT_PORT) -> str:
        return f"http://{self.domain(port)}"

    def client_endpoint(self, port: int = DEFAULT_PORT) -> str:
        return f"{self.origin(port)}/rest/"


PORTALS = (
    PortalCredentials(1, "Окна Амура", "a1f0c3d2e5b4978681726354aabbcc01", "5ad0b0c0ffee11112222333344445501", 0),
    PortalCredentials(2, "Ремонт Плюс", "b2e1d4c3f6a5089792837465bbccdd02", "5ad0b0c0ffee11112222333344445502", 100),
)


# Two authorisation servers that know nothing of each other's tokens. In the cloud they are hosts of
# their own; here they share a port with the first portal and so have prefixes.
AUTH_PREFIXES = {1: "/oauth", 2: "/oauth2"}


def auth_server(port: int = DEFAULT_PORT, number: int = 1) -> str:
    return f"http://{HOST}:{port}{AUTH_PREFIXES[number]}"


def server_endpoint(port: int = DEFAULT_PORT, number: int = 1) -> str:
    """An auth server's REST root, as forms and events name it."""
    return f"{auth_server(port, number)}/rest/"


def token_endpoint(port: int = DEFAULT_PORT) -> str:
    return f"{auth_server(port)}/token/"
