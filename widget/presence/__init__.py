"""Which phones have WhatsApp: known answers first, and as few checks as can be."""
