"""Where the tables of a market come from."""

from riskmodel.market.sources.source import Folder, Source, open_source

__all__ = ["Folder", "Source", "open_source"]
