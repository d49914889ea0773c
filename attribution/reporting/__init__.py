"""A month as tables, words, charts, pages, workbook and files; no mathematics. Imports contributions, measures and below."""
