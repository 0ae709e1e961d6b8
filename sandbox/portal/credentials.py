"""Who the app and the two portals are. The demo's seed imports this: both sides agree without an installation."""

from dataclasses import dataclass

CLIENT_ID = "local.sandbox0000000000.00000001"
CLIENT_SECRET = "sandbox-client-secret"
SCOPE = "crm,department,im,placement,user_brief,userfieldconfig"
STATUS = "L"  # a local application

HOST = "127.0.0.1"
DEFAULT_PORT = 8001
AUTH_SERVER = "oauth.sandbox"  # `domain` in an answer to a refresh: not the portal (b24restdocs: settings/oauth)


@dataclass(frozen=True)
class PortalCredentials:
    """One portal. It listens `port_offset` above the port of the sandbox, and its address follows from that."""

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


def server_endpoint(port: int = DEFAULT_PORT) -> str:
    """The auth server's REST root: one server for both portals, as in the cloud.

    In the cloud it is a host of its own; here it shares a port with the first portal and so has a prefix.
    """
    return f"http://{HOST}:{port}/oauth/rest/"


def token_endpoint(port: int = DEFAULT_PORT) -> str:
    return f"http://{HOST}:{port}/oauth/token/"
