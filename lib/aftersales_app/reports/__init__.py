"""Notebooks run, pages, batches, the run's record and the index."""
