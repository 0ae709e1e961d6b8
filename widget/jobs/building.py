"""Builds the registry of background work."""

from huey import Huey

from widget.infrastructure import Infrastructure
from widget.jobs.queue import Jobs, open_queue
from widget.storage.building import Repositories


def build_jobs(infra: Infrastructure, stored: Repositories, queue: Huey | None = None) -> Jobs:
    """`queue` stands in for the configured one, which is opened when it is first used."""
    config = infra.config

    def opened() -> Huey:
        return queue or open_queue(redis_url=config.redis_url, file=config.jobs_file, secret=config.secret_key)

    return Jobs(opened, infra.clock, stored.turns)
