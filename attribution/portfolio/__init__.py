"""The book and what is held, day by day, before any model. Imports linking, house_style."""
