import numpy as np
from numpy.typing import NDArray

class DecomposeResult:
    seasonal: NDArray[np.float64]

class STL:
    def __init__(self, endog: NDArray[np.float64], *, period: int, robust: bool) -> None: ...
    def fit(self) -> DecomposeResult: ...
