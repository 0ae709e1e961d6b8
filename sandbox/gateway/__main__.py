"""python -m sandbox.gateway --port 8002"""

import argparse
import os

from sandbox.gateway import create_gateway
from sandbox.serving import refuse_busy, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.gateway", description="Simulated gateways.")
    parser.add_argument("--port", type=int, default=int(os.environ.get("GATEWAY_PORT", "8002")))
    port = parser.parse_args().port
    refuse_busy(port, setting="GATEWAY_PORT")
    print(f"The simulated gateway: http://127.0.0.1:{port}/  (a client's phone: /phone)", flush=True)
    serve(create_gateway(), port)


if __name__ == "__main__":
    main()
