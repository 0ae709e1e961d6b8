"""What gunicorn and `flask` start: the application, configured from the environment."""

import sys

from widget import create_app
from widget.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(4)  # gunicorn starts a worker that ends with another code again and again
