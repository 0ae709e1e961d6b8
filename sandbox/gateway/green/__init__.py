"""GREEN-API's protocol over the same lines: /waInstance<idInstance>/<method>/<apiTokenInstance>.

Imitated from green-api.com/en/docs/api and the answers of a third party's probe (401 empty, 403, 404, 466).
"""

from flask import Flask

from sandbox.gateway.green import account, by_hand, files, journals, notices, queue, sending, service
from sandbox.gateway.webhooks import Postman
from sandbox.gateway.world import World


def init_app(app: Flask, world: World, postman: Postman) -> None:
    """Serve the protocol, send what waits when an account can send again, and report what happens."""
    for room in (account, service, journals, sending, files, by_hand):
        app.register_blueprint(room.pages)
    world.listeners.append(lambda happening: queue.sent_again(world, happening))
    world.listeners.append(lambda happening: notices.report(happening, world.clock(), postman))
