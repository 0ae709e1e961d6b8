"""Quick replies: texts that an employee picks in the composer, filled with what the open card
says."""
