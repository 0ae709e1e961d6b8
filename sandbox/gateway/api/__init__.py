"""WAHA's endpoints, a file for each group of its documentation."""
