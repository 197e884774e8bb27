"""The process's environment with some variables set for a while, and put back as it was.

Apart from the notebooks' engine, for whoever hands out work needs no papermill.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """The process's environment with these variables set, and as before at the end.

    >>> with environment({"AFTERSALES_COMMIT": "7"}):
    ...     os.environ["AFTERSALES_COMMIT"]
    '7'
    >>> "AFTERSALES_COMMIT" in os.environ
    False
    """
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        _put_back(os.environ, before)


def _put_back(mapping: os._Environ[str], before: dict[str, str]) -> None:
    for name in set(mapping) - set(before):
        del mapping[name]
    mapping.update(before)
