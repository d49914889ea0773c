import numpy as np

_Shape = tuple[int, ...]  # days, styles, names, sectors

def products(
    shape: _Shape, x: np.ndarray, w: np.ndarray, y: np.ndarray, starts: np.ndarray, gram: np.ndarray, sums: np.ndarray, /
) -> None: ...
def leverages(shape: _Shape, x: np.ndarray, inverse: np.ndarray, starts: np.ndarray, leverage: np.ndarray, /) -> None: ...
def spreads(
    extent: _Shape, returns: np.ndarray, at: np.ndarray, bound: float, distance: np.ndarray, square: np.ndarray, /
) -> None: ...
