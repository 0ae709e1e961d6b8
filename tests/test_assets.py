"""Pages and static files go out packed to a browser that takes them so, and as they are to any
other."""

import gzip

from tests.stand import Widget


def test_static_files_are_packed_kept_for_ever_and_known_again(widget: Widget) -> None:
    client = widget.app.test_client()
    address = f"{widget.app.static_url_path}/card/entry.js"
    plain, packed = client.get(address), client.get(address, headers={"Accept-Encoding": "gzip, br"})

    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "immutable" in packed.headers["Cache-Control"]
    again = client.get(address, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(f"{widget.app.static_url_path}/../config.py").status_code == 404


def test_a_page_is_packed_where_it_is_worth_it(widget: Widget) -> None:
    page = widget.open(lang="en")
    headers = {"X-Opening": page.opening_ticket, "Accept-Encoding": "gzip"}
    packed = page.client.post("/card", json={"pressed": True}, headers=headers)

    assert b"+7 961 951-00-00" in gzip.decompress(packed.data)
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    refused = page.client.post("/card/news", json={}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in refused.headers
