"""The one cube, every cut of it, its errors, identities and views. Imports portfolio, brinson, linking, house_style."""
