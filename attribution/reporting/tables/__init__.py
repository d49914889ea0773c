"""A month as frames."""
