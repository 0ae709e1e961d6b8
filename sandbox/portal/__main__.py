"""`python -m sandbox.portal`: serve both portals until stopped."""

import argparse
import os

from ..serving import refuse_busy, serve
from .app import create_portal
from .credentials import DEFAULT_PORT, PORTALS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.portal", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORTAL_PORT") or DEFAULT_PORT))
    parser.add_argument("--widget", default=os.environ.get("WIDGET_URL") or "http://localhost:8000")
    options = parser.parse_args()
    others = tuple(options.port + portal.port_offset for portal in PORTALS[1:])
    for port in (options.port, *others):
        refuse_busy(port, setting="PORTAL_PORT")
    first, second = (f"{portal.origin(options.port)}/" for portal in PORTALS)
    print(f"Portal: {first}  and a second one: {second}", flush=True)
    serve(create_portal(options.widget, options.port), options.port, also=others)


if __name__ == "__main__":
    main()
