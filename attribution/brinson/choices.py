"""The choices of Brinson attribution by name, for whoever offers them; no mathematics."""

from __future__ import annotations

AUTHORS = {"fachler": "Brinson-Fachler", "bhb": "Brinson-Hood-Beebower"}
METHODS = tuple(AUTHORS)
INTERACTIONS = ("separate", "selection", "allocation")
MISSING = ("other-side", "benchmark-total", "zero", "error")
