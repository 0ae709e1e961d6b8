"""The app's own page: what an administrator decides for the portal, what a rep chooses for
themselves."""
