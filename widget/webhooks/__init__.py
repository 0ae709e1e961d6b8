"""What the outside tells us without being asked: Bitrix24's events. Verified, written down, worked on later."""
