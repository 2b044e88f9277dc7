"""Whether what is stored is still what would be computed: what has changed since, where, and what to do about it."""
