"""The loops that cost most, over names of a day and days of a name: compiled where the installation could, else in numpy.

Some days at once: exposures x (day, style, name), weights w, returns y (day, name); names come by sector, and `starts` says
where each sector begins. A NaN in x makes a NaN of its day's products, and is the caller's to look for.

`products(x, w, y, starts)`
    X'WX with y'WX below it, (day, style + 1, style); and the sums over each sector of the weighted styles, of the weighted
    returns and of the weights, (day, style + 2, sector). One pass over the exposures: with sectors as dummies it is all
    that the normal equations, and the middle of a robust covariance, are made of.
`leverages(x, inverse, starts)`
    d'Ad of each name, (day, name), d its row of sector dummies and styles, A the inverse (day, sector + style, the same).
`spreads(returns, at, window, bound)`
    Of moving windows of `returns`, (name, time), NaN where nothing was observed, the last days of which are the increasing
    `at`: the distance between the quartiles of what was observed, and the mean square of it, values beyond `bound` distances
    from 0 counting as that; (name, day) each, NaN of a window with nothing in it. A window that moves by a day loses a value
    and gains one, so that it is put in order once; its sums are taken anew, so that they depend on nothing before it.

Both ways are equal but for the order in which sums are taken: tests/riskmodel/estimation/test_kernel.py.
"""

from __future__ import annotations

try:
    from riskmodel.estimation.kernel.compiled import leverages, products, spreads

    COMPILED = True
except ImportError:  # no compiler, or one that is not GCC or Clang, when this was installed
    from riskmodel.estimation.kernel.plain import leverages, products, spreads

    COMPILED = False

__all__ = ["COMPILED", "leverages", "products", "spreads"]
