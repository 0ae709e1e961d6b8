"""What can go wrong."""


class StorageUnavailable(Exception):
    """The storage did not answer, so nothing was granted. What it had already counted stays
    counted.

    Trying again can help; going ahead without an answer is what the limiter exists to prevent.
    """
