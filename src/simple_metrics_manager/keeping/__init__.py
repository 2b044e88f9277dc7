"""Looking after what is stored, whoever stored it: copies of whole storages, checks, and what may go."""
