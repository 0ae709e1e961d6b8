"""Lines on the application's page: their settings, their state, the reports of their gateways."""
