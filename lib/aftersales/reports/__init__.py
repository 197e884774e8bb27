"""Floor 7: notebooks run, pages, batches, the run's record and the index. The only floor that knows papermill.

papermill is imported here, before anything else of this floor, because papermill itself loads our engine through its
entry point: whichever of the two is imported first, the engine then finds papermill's classes ready.
"""

import papermill as papermill
