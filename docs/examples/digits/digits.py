"""How well can handwritten digits be told apart? A grid of thirty-six classifiers, as metrics.

Needs scikit-learn, which brings the digits. ``python digits.py`` computes for about half a minute, a second time it
loads; ``python digits.py FOLDER 300`` does the same with the first 300 digits, in seconds, beside what is there.
"""

from __future__ import annotations

import sys

import attrs
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.svm import SVC

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric

FOLDS = 5
COSTS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
GAMMAS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)


@attrs.frozen
class Setting:
    """What a support vector machine is told: the cost of a digit on the wrong side, and how far one digit reaches."""

    cost: float
    gamma: float


@attrs.frozen
class Digits(DatedCacheManager):
    """Digits of 8 x 8 pixels, the first ``images`` of 1,797, and how well support vector machines tell them apart."""

    images: int = 1797

    @metric
    def pixels(self) -> NDArray[np.float64]:
        """Grey values from 0 to 16; shape (images, 64)."""
        return load_digits().data[: self.images]

    @metric
    def labels(self) -> NDArray[np.int64]:
        """Which digit each one is; shape (images,)."""
        return load_digits().target[: self.images]

    @metric
    def features(self) -> NDArray[np.float64]:
        """The thirty directions in which the pixels differ most; shape (images, 30)."""
        return PCA(n_components=30, random_state=0).fit_transform(self.pixels)

    @metric(params_list=[(cost, gamma) for cost in COSTS for gamma in GAMMAS])
    def accuracy(self, cost: float, gamma: float) -> float:
        """The part of digits told right, of those that were not learnt from: the mean of five folds."""
        scores = cross_val_score(SVC(C=cost, gamma=gamma), self.features, self.labels, cv=FOLDS)
        return float(scores.mean())

    @metric
    def best(self) -> Setting:
        """The setting with the highest accuracy; of several, the one with the lowest cost."""
        settings = [Setting(cost, gamma) for cost in COSTS for gamma in GAMMAS]
        return max(settings, key=lambda setting: self.accuracy(setting.cost, setting.gamma))

    @metric
    def predictions(self) -> NDArray[np.int64]:
        """What each digit is taken for by machines that have not learnt from it; shape (images,)."""
        machine = SVC(C=self.best.cost, gamma=self.best.gamma)
        return cross_val_predict(machine, self.features, self.labels, cv=FOLDS)

    @metric
    def confusion(self) -> NDArray[np.int64]:
        """How often the digit of the row was taken for that of the column; shape (10, 10)."""
        return confusion_matrix(self.labels, self.predictions)


def main(metrics_dir: str = "digits_metrics", images: str = "1797") -> None:
    """Compute or load everything, then say what it comes to."""
    cm = Digits(int(images)).use(NpzStorageInterface(metrics_dir))
    cm.get_all()
    print("\nDigits told right, in per cent: cost by row, gamma by column")
    print("      ", *(f"{gamma:8}" for gamma in GAMMAS))
    for cost, row in zip(COSTS, cm.accuracy.to_array().values, strict=True):
        print(f"{cost:6}", *(f"{100 * value:8.1f}" for value in row))
    wrong = cm.confusion - np.diag(np.diag(cm.confusion))
    taken, for_digit = np.unravel_index(wrong.argmax(), wrong.shape)
    print(f"Best: cost {cm.best.cost}, gamma {cm.best.gamma}; {int(wrong.sum())} of {cm.images} digits are told wrong,")
    print(f"most often a {taken} that is taken for a {for_digit}. Computed on {cm.date(Digits.confusion):%Y-%m-%d}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
