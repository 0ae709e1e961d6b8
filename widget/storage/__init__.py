"""What must survive: portals, tokens, lines, chats and sends, in SQL. Every query names its portal."""
