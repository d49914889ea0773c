"""Fits of markets that are larger than memory."""

from riskmodel.model.blocks.fit import fit_in_blocks

__all__ = ["fit_in_blocks"]
