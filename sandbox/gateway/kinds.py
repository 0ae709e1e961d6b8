"""Which protocols there are. Another one is a folder like these, a line here, and its lines in
lines.py."""

from sandbox.gateway import evolution, green, waha

KINDS = (waha.KIND, evolution.KIND, green.KIND)
TITLES = {kind.name: kind.title for kind in KINDS}
