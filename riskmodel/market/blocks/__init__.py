"""Markets whose prices are larger than memory, read some sessions at a time."""

from riskmodel.market.blocks.market import MarketBlocks, open_blocks

__all__ = ["MarketBlocks", "open_blocks"]
