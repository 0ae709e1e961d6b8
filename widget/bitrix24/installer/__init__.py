"""Compare what a portal has with what it should have, and make up the difference."""
