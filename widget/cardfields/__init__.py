"""Facts of conversations in fields of cards, so that lists, filters and robots of Bitrix24 can use
them."""
