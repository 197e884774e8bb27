"""Floor 7: notebooks run, pages, batches, the run's record and the index. The only floor that knows papermill."""
