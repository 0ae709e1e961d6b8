"""POST /install: the page that Bitrix24 opens when the application is installed, updated, or not
finished yet."""
