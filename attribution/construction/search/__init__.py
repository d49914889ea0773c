"""Combinations of factors tried on the past, and how far what was found is to be doubted: arrays -> figures -> a verdict."""
