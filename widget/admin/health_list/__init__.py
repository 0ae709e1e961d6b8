"""The health list of the application's page, with its repair button."""
