"""The store's own books: which files were read, where each row came from, what was set aside."""

from __future__ import annotations

import hashlib

import dataframely as dy
import polars as pl

from aftersales.tables.columns import LocalTime, key, one_of, optional_text


def finding_id(kind: str, scope: str = "shop") -> str:
    """An id made of what is found and where, so that the same finding has the same id next week.

    >>> finding_id("gap", "orders"), finding_id("gap", "orders") == finding_id("gap", "refunds")
    ('gap-0b8e4e4c', False)
    """
    return f"{kind}-{hashlib.blake2b(f'{kind}|{scope}'.encode(), digest_size=4).hexdigest()}"


class Lineage(dy.Schema):
    """One row a row that was read from a file and taken, or merged into a row that stood already."""

    table = dy.String()
    key = dy.String()
    file = dy.String()
    row = dy.Int64()
    import_id = dy.String()
    merged = dy.Bool()


class SetAside(dy.Schema):
    """One row a row that could not be taken: why, and its cells with all that names a person left out."""

    file = dy.String()
    row = dy.Int64()
    layout = optional_text()
    reason = dy.String()
    column = optional_text()
    cells = optional_text()
    import_id = dy.String()


class LeftOut(dy.Schema):
    """One row a file that is in no table: it could not be read, is no export, or is an archive of other files."""

    file = key()
    state = one_of(("unreadable", "not_export", "duplicate", "opened"), nullable=False)
    code = dy.String()
    why = dy.String()
    sha256 = dy.String()
    reader = dy.String()
    import_id = dy.String()


class Erased(dy.Schema):
    """One row an order or buyer erased on request: a hash that only tells whom to leave out of files read later."""

    mark = key()


class Held(dy.Schema):
    """One row a file that does not fit the shop's other files: held out of the composed tables, or confirmed."""

    file = key()
    sha256 = dy.String()
    state = one_of(("held", "confirmed"), nullable=False)
    reason = dy.String()
    unknown = dy.Int64()
    orders = dy.Int64()
    of = dy.String()
    import_id = dy.String()


class Files(dy.Schema):
    """One row a file read: rows_read = rows_taken + rows_merged + rows_set_aside, always."""

    file = key()
    sha256 = dy.String()
    layout = dy.String()
    rows_read = dy.Int64()
    rows_taken = dy.Int64()
    rows_merged = dy.Int64()
    rows_set_aside = dy.Int64()
    first_at = LocalTime()
    last_at = LocalTime()
    import_id = dy.String()
    notes = optional_text()
    layouts = optional_text()  # digest of the shop's own layout files it was read with

    @dy.rule()
    def nothing_is_lost(cls) -> pl.Expr:
        """Every row read was taken, merged or set aside."""
        return pl.col("rows_read") == pl.sum_horizontal("rows_taken", "rows_merged", "rows_set_aside")
