"""Panics of compiled libraries: turned into our own errors at one place, their traces kept off the screen."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from aftersales.words.errors import SetupError

_LENGTH = 200


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Raise a panic of a compiled library as `SetupError`: no ``except Exception`` would catch it.

    >>> class Panic(BaseException): ...
    >>> with panics_as_errors():
    ...     raise Panic("index out of bounds")
    Traceback (most recent call last):
    aftersales.words.errors.SetupError: A compiled library gave up. Found: index out of bounds. Hint: ...
    """
    try:
        yield
    except (Exception, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as panic:
        first = (str(panic).strip() or type(panic).__name__).splitlines()[0][:_LENGTH]
        raise SetupError(
            "A compiled library gave up",
            found=first,
            code="panic",
            hint="what it read is damaged: import the file again, or look at the store with `aftersales status`",
        ) from None


@contextmanager
def native_noise_kept() -> Iterator[IO[bytes]]:
    """Keep what compiled libraries print (traces of panics) in a nameless file; our own words still reach the screen.

    Processes started meanwhile write there as well.
    """
    sys.stderr.flush()
    screen, ours = os.dup(2), sys.stderr
    with tempfile.TemporaryFile() as noise, os.fdopen(screen, "w", 1, "utf-8", "backslashreplace") as told:
        os.dup2(noise.fileno(), 2)
        sys.stderr = told
        try:
            yield noise
        finally:
            told.flush()
            sys.stderr = ours
            os.dup2(screen, 2)
