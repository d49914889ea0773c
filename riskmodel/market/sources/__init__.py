"""Where the tables of a market come from: tidy folders (here), and exports that a person maps (`exports`, `mapping`)."""

from riskmodel.market.sources.source import Folder, Source, open_source

__all__ = ["Folder", "Source", "open_source"]
