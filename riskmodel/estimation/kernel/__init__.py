"""Sums over the names of a day, the work of a regression: compiled where the installation could, else in numpy.

Some days at once: exposures x (day, style, name), weights w, returns y (day, name); names come by sector, and `starts` says
where each sector begins. A NaN in x makes a NaN of its day's products, and is the caller's to look for.

`products(x, w, y, starts)`
    X'WX with y'WX below it, (day, style + 1, style); and the sums over each sector of the weighted styles, of the weighted
    returns and of the weights, (day, style + 2, sector). One pass over the exposures: with sectors as dummies it is all
    that the normal equations, and the middle of a robust covariance, are made of.
`leverages(x, inverse, starts)`
    d'Ad of each name, (day, name), d its row of sector dummies and styles, A the inverse (day, sector + style, the same).

Both ways are equal but for the order in which sums are taken: tests/riskmodel/estimation/test_kernel.py.
"""

from __future__ import annotations

try:
    from riskmodel.estimation.kernel.compiled import leverages, products

    COMPILED = True
except ImportError:  # no compiler, or one that is not GCC or Clang, when this was installed
    from riskmodel.estimation.kernel.plain import leverages, products

    COMPILED = False

__all__ = ["COMPILED", "leverages", "products"]
