"""Make .env for compose.yaml: python3 deploy/make_env.py widget.example.com. Standard library only.

Secrets are made here and shown nowhere; the id and the secret of the application are Bitrix24's and
are asked for. A file that is there is left as it is.
"""

import base64
import getpass
import os
import re
import secrets
import sys
from pathlib import Path

HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")


def main(arguments: list[str], target: Path) -> int:
    if len(arguments) != 1 or not HOST.fullmatch(arguments[0]):
        print("usage: python3 deploy/make_env.py widget.example.com   (a host name with a dot)", file=sys.stderr)
        return 2
    client_id = os.environ.get("BITRIX_CLIENT_ID") or input("The application's id in Bitrix24 (client_id): ")
    client_secret = os.environ.get("BITRIX_CLIENT_SECRET") or getpass.getpass("Its key (client_secret), not shown: ")
    text = lines(arguments[0], client_id.strip(), client_secret.strip())
    try:
        # Readable by its owner from the first byte on, and never over one that is there.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        print(f"{target} is there already; its secrets open what is stored, so it is left as it is", file=sys.stderr)
        return 1
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"{target} is made. Keep a copy of it in a safe place: without ENCRYPTION_KEYS a backup cannot be read.")
    return 0


def lines(host: str, client_id: str, client_secret: str) -> str:
    """In single quotes, in which compose takes everything as it is."""
    values = {
        "WIDGET_HOST": host,
        "BITRIX_CLIENT_ID": client_id,
        "BITRIX_CLIENT_SECRET": client_secret,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        "VALKEY_PASSWORD": secrets.token_hex(24),
    }
    bad = [name for name, value in values.items() if not value or set(value) & set("'\n\\")]
    if bad:
        raise SystemExit(f"{' and '.join(bad)}: empty, or with a quote or a line break in it")
    return "".join(f"{name}='{value}'\n" for name, value in values.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent / ".env"))
