"""Markets with known truth."""
