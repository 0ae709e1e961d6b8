"""What the operator can do with `flask …`, a file for each subject. Texts are English: they go into a terminal."""
