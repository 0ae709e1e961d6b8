"""The operator's `flask …` commands, a file for each subject. Texts are English: they go into a
terminal."""
