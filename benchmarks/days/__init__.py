"""Working days of a company in virtual time: what happens (trace.py), three ways to live through
it, and the score."""
