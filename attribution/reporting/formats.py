"""The formats of a report that can be chosen; tables, commentary and manifest are always written."""

from __future__ import annotations

FORMATS = ("html", "pdf", "xlsx")
