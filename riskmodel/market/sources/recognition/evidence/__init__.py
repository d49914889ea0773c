"""What cells say of a column or a table without any word of its header."""
