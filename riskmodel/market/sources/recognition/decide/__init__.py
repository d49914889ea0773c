"""Which table each group of files is, and what is done where looking at one of them fails."""
