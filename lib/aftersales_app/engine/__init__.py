"""The engine of our own, and papermill before it.

papermill loads the engine through its entry point while it is itself being imported: with papermill imported here
first, the engine finds papermill's classes ready whichever of the two is asked for first.
"""

import papermill as papermill
