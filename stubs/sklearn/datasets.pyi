import numpy as np
from numpy.typing import NDArray

class _Digits:
    data: NDArray[np.float64]
    target: NDArray[np.int64]

def load_digits() -> _Digits: ...
