"""Funds that a portfolio holds: what the book says of each, and the names that they are looked through to."""
