"""The client edition: two to four pages on what a client asks; no mathematics. Imports commentary, pages and below."""
