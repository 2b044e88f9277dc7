import numpy as np
from numpy.typing import NDArray

class ARIMAResults:
    aic: float
    def forecast(self, steps: int) -> NDArray[np.float64]: ...

class ARIMA:
    def __init__(self, endog: NDArray[np.float64], *, order: tuple[int, int, int], trend: str) -> None: ...
    def fit(self) -> ARIMAResults: ...
