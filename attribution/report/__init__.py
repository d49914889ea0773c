"""Pages and files of a report: no mathematics in them."""
