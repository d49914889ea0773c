"""One file a command; prints. Imports every room."""
