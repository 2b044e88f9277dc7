"""What becomes of metrics that are asked for together: the plan before, failures after."""
