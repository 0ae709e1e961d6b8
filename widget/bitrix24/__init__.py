"""The portal: what it posts to us, who a token belongs to, and the few REST calls we make."""
