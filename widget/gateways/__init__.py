"""The software that speaks for a line. An adapter returns values of ours and never writes
anything."""
