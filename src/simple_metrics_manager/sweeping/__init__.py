"""Running many metrics: what they need, in which order, on which executor, and what came of it."""
