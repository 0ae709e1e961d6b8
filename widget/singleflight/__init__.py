"""Of all callers that want the same thing at once, one fetches it: in a process, and across
processes."""
