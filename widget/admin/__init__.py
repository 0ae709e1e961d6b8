"""The app's own page: what an administrator decides for the whole portal."""
