"""What happens when a metric is read: memory, storage or compute, once, and recorded."""
