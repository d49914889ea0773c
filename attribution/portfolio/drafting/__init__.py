"""A book drafted over exports that nobody has described, for a person to read and to agree to."""
