"""Where values are kept: storages, their dates, and their configuration."""
