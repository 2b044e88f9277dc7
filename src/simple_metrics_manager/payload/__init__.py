"""Values and their annotations: taken apart for a storage, and put together again in the declared type."""
