"""What the tests of GREEN-API's adapter share."""

ID = "1101000001"
OKSANA, ORDERS, MARIA = "380671234567@c.us", "79261112233@c.us", "79123456789@c.us"
TOKEN = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"


def by_hand(outside, **said):
    outside.http.post(f"{outside.gateway}/_sandbox/green/{ID}", json=said).raise_for_status()


def pages_of(gateway, chat_ids, limit):
    pages, cursor = [], None
    while True:
        page = gateway.history(chat_ids, cursor, limit)
        pages.append(page)
        assert len(pages) < 60
        if page.cursor is None:
            return pages
        cursor = page.cursor


def everything(gateway, chat_ids, limit):
    return [message for page in pages_of(gateway, chat_ids, limit) for message in page.messages]
