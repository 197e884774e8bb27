"""parcels: one row a parcel event."""

from __future__ import annotations

import dataframely as dy

from aftersales.tables.columns import LocalTime, key, one_of, optional_text
from aftersales.tables.values import PARCEL_EVENT


class Parcels(dy.Schema):
    """One row an event in a parcel's trace."""

    event_id = key()
    tracking_no = dy.String(min_length=1)
    courier = optional_text()
    at = LocalTime()
    event = one_of(PARCEL_EVENT)
    place = optional_text()
    note = optional_text()
