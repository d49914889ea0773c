"""A month as a workbook."""
