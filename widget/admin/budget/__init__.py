"""Checks on the application's page: what lines spent, and what «everything at once» would cost."""
