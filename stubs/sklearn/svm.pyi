class SVC:
    def __init__(self, *, C: float, gamma: float) -> None: ...  # noqa: N803 - that is how it is called
