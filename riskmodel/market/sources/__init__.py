"""Where the tables of a market come from: tidy folders, exports that a person maps, databases; `open_source` tells which."""

from riskmodel.market.sources.opening import at_one_moment, open_source
from riskmodel.market.sources.source import Folder, Source

__all__ = ["Folder", "Source", "at_one_moment", "open_source"]
