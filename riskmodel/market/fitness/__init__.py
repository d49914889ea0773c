"""What a market must have before anything can be said of it, and what to do with a file that is written otherwise."""
