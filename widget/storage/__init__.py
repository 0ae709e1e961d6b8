"""What must survive a restart, in SQL: portals, tokens, lines, chats and sends. Every query names
its portal."""
