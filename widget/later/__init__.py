"""Messages that go out later: «at nine, the client's time», in an hour, at a moment. Each is asked
for anew when it is due: what was right in the evening may be wrong in the morning."""
