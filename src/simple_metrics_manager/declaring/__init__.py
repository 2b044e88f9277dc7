"""What a class body declares: metrics, their parameters and types, and what can be wrong with them."""
