"""For the operator: whether the service is alive and ready, and what it has counted."""
