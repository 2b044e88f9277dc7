import pandas as pd

class _Dataset:
    data: pd.DataFrame

def load_pandas() -> _Dataset: ...
