"""Conversations in the timelines of cards: one comment a day that grows, or a transcript at the
end."""
