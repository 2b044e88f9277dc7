import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC

def cross_val_score(
    estimator: SVC, features: NDArray[np.float64], labels: NDArray[np.int64], *, cv: int
) -> NDArray[np.float64]: ...
def cross_val_predict(
    estimator: SVC, features: NDArray[np.float64], labels: NDArray[np.int64], *, cv: int
) -> NDArray[np.int64]: ...
