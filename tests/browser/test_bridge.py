"""The page's bridge to the portal knows it by every way of writing its address. No server is asked:
files from disk."""

from pathlib import Path

from playwright.sync_api import BrowserContext

STATIC = Path(__file__).parents[2] / "static"
PAGE = '<!doctype html><body><a data-path="/crm/deal/details/1/" href="https://stored.example/">deal</a>'
IMPORT = """async ([name, origin], file = '/bridge.js') => {
  window.name = name;
  if (origin) document.body.dataset.portalOrigin = origin;
  return import(`${file}?${encodeURIComponent([name, origin])}`);
}"""
SAME = [
    ("crm.example.com|1|sid", "https://crm.example.com"),
    ("crm.example.com:443|1|sid", "https://crm.example.com"),
    ("CRM.example.com:80|0|sid", "http://crm.example.com"),
    ("crm.example.com:8443|1|sid", "https://crm.example.com:8443"),
    ("Пример.рф|1|sid", "https://xn--e1afmkfd.xn--p1ai"),
]
OTHERS = [
    ("evil.example|1|sid", "https://crm.example.com"),
    ("crm.example.com|0|sid", "https://crm.example.com"),
    ("crm.example.com:444|1|sid", "https://crm.example.com"),
    ("crm.example.com|1|", "https://crm.example.com"),
    ("undefined|1|sid", ""),
    ("crm.example.com.|1|sid", "https:"),
]


def test_the_portal_around_us_is_known_however_its_address_is_written(context: BrowserContext) -> None:
    page = context.new_page()
    page.route(
        "https://widget.example/**",
        lambda route, request: (
            route.fulfill(path=STATIC / request.url.split("?")[0].rpartition("/")[2])
            if ".js" in request.url
            else route.fulfill(body=PAGE, content_type="text/html")
        ),
    )
    page.goto("https://widget.example/")
    knows = f"async (given) => (await ({IMPORT})(given)).isFramed"

    assert [page.evaluate(knows, [*given]) for given in OTHERS + SAME] == [False] * len(OTHERS) + [True] * len(SAME)

    page.goto("https://widget.example/")
    page.evaluate(
        f"async (given) => (await ({IMPORT})(given, '/portal.js')).followLinks()", ["", "https://alias.example"]
    )
    page.evaluate("document.addEventListener('click', (event) => event.preventDefault())")
    page.get_by_text("deal").click()
    assert page.get_by_text("deal").get_attribute("href") == "https://alias.example/crm/deal/details/1/"
