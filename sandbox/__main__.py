"""`make demo`: a portal, a gateway and the widget on this machine, and one address to open.

Everything binds to loopback. The portal's pages are at 127.0.0.1 and the widget is framed from
localhost: two ports of one host are one site to a browser, two names are not, and only then are
third-party cookies really blocked.
"""

import signal
import sys
from pathlib import Path

from sandbox.demo import Demo, Ports, keep_quiet, stop
from sandbox.serving import refuse_busy

DATA = Path(__file__).resolve().parent.parent / ".run"


def main() -> None:
    ports = Ports.from_environ()
    for port, setting in ports.all():
        refuse_busy(port, setting=setting)
    data = DATA / f"{ports.widget}-{ports.portal}-{ports.gateway}"  # stored addresses hold these ports
    data.mkdir(parents=True, exist_ok=True)
    sys.unraisablehook = keep_quiet
    for each in (signal.SIGINT, signal.SIGTERM):  # `kill` stops everything as Ctrl+C does
        signal.signal(each, stop)
    with Demo(ports, data) as demo:
        print(f"\n  Open this CRM card:  {demo.card}\n")
        print(f"  All cards:           {demo.portal}/")
        print(f"  The client's phone:  {demo.gateway}/phone")
        print("  Stop with Ctrl+C.\n", flush=True)
        failed = demo.wait()
    if failed:
        sys.exit(f"{failed} stopped by itself; see {data / (failed + '.log')}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # during the start; what was started is stopped
        sys.exit(130)
