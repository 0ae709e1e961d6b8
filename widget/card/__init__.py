"""The card: from the form Bitrix24 posts to the rows a rep sees."""
