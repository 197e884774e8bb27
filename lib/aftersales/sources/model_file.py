"""Where the trained text model lies: ``text-model.npz`` beside the store's shops, one for the installation.

The file is a NumPy archive of plain arrays (labels, grams, idf, weights, intercepts, temperature), read without pickle,
so that nothing in it can run whoever wrote it. What the arrays mean is told in `stats.text`.
"""

from __future__ import annotations

import hashlib

from obstore.exceptions import NotFoundError

from aftersales.sources.storage import Folder
from aftersales.words.errors import DataError, SetupError

NAME = "text-model.npz"
# Three hundred thousand grams and eighteen causes take some twelve megabytes; more is no model of ours.
MOST_BYTES = 64 * 2**20


def stored_model(store_path: str) -> bytes | None:
    """The bytes of the trained model; None where none was trained."""
    try:
        packed = Folder(store_path).read(NAME)
    except (FileNotFoundError, NotFoundError):
        return None
    except OSError as error:
        raise SetupError(f"{NAME} beside the store cannot be read", found=error.strerror) from None
    if len(packed) > MOST_BYTES:
        raise DataError(
            f"{NAME} is too large for a text model", found=f"{len(packed):,} bytes", hint="train it again, or remove it"
        )
    return packed


def store_model(store_path: str, packed: bytes) -> None:
    """Put a trained model in its place, whole or not at all; it takes the place of the one before."""
    try:
        Folder(store_path).write(NAME, packed, lasting=True)
    except OSError as error:
        raise SetupError(f"{NAME} cannot be written beside the store", found=error.strerror) from None


def forget_model(store_path: str) -> bool:
    """Remove the trained model; whether there was one."""
    there = stored_model(store_path) is not None
    if there:
        Folder(store_path).remove(NAME)
    return there


def model_print(packed: bytes | None) -> str:
    """A short name of a model's content, by which results made with another one are known; empty without a model.

    >>> model_print(None), len(model_print(b"arrays"))
    ('', 16)
    """
    return "" if packed is None else hashlib.blake2b(packed, digest_size=8).hexdigest()
