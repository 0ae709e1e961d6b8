"""A sentinel that watches one master, beside the servers of sandbox/valkey.py."""

from pathlib import Path

from sandbox.valkey import Valkey

MASTER = "mymaster"


class Sentinel(Valkey):
    """A sentinel of `MASTER` at this port of loopback. It writes into its settings, which are in
    `folder`."""

    def __init__(self, folder: Path, *, port: int, master: int) -> None:
        super().__init__(port=port)
        self._settings = folder / "sentinel.conf"
        watched = f"sentinel monitor {MASTER} 127.0.0.1 {master} 1"
        self._settings.write_text(f"port {port}\nbind 127.0.0.1\nunixsocket {self.socket}\n{watched}\n")

    def _command(self) -> list[str]:
        return [str(self._binary), str(self._settings), "--sentinel"]
