"""messages: one row a chat message."""

from __future__ import annotations

import dataframely as dy

from aftersales.tables.columns import LocalTime, key, one_of, optional_text
from aftersales.tables.values import SENDER


class Messages(dy.Schema):
    """One row a chat message; phone numbers, identity numbers and addresses in its text are masked on the way in."""

    message_id = key()
    conversation_id = optional_text()
    order_id = optional_text()
    buyer_key = optional_text()
    sender = one_of(SENDER)
    sent_at = LocalTime()
    text = optional_text()
