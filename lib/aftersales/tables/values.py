"""The vocabulary: every value an enumerated column may hold. Their words in both languages stand in the catalogue."""

from __future__ import annotations

ORDER_STATUS = ("unpaid", "paid", "part_shipped", "shipped", "finished", "closed_unpaid", "closed_refunded")
KEY_QUALITY = ("full", "composite", "masked", "none")

REFUND_KIND = ("refund_only", "return_refund", "exchange", "repair", "reship")
REFUND_PHASE = ("before_shipping", "in_transit", "after_receipt")
REFUND_STATUS = ("requested", "to_return", "returned", "refused", "closed", "succeeded")
REFUND_OPEN = ("requested", "to_return", "returned")
REFUND_UNSETTLED = (*REFUND_OPEN, "refused")  # a buyer who was refused may ask again: nothing is owed, nothing is over
GOODS_STATUS = ("not_received", "received", "returned")
FAULT = ("buyer", "seller", "carrier", "disputed")

# The 18 reason groups, and who is at fault where nothing else is known. Source: reference "b2", our own synthesis of
# the platforms' lists.
REASON_FAULT: dict[str, str | None] = {
    "no_reason": "buyer",
    "wrong_order": "buyer",
    "price_coupon": "buyer",
    "late_ship": "seller",
    "out_of_stock": "seller",
    "lost_or_stalled": "carrier",
    "refused_parcel": "disputed",
    "damaged": "carrier",
    "missing_or_empty": "disputed",
    "wrong_item": "seller",
    "size": "buyer",
    "not_as_described": "seller",
    "quality": "seller",
    "counterfeit": "seller",
    "allergy_food_safety": "seller",
    "invoice_freight": "seller",
    "negotiated": None,
    "other": None,
}
REASONS = tuple(REASON_FAULT)

SENDER = ("buyer", "agent", "system")
PARCEL_EVENT = ("picked_up", "in_transit", "out_for_delivery", "signed", "refused", "returned")
CASE_STATE = (
    "new", "contacted", "settled", "filed", "won", "partly_won", "lost", "appealed", "innocent", "dropped",
)  # fmt: skip

# What a case's last state says of the suspicion. A settlement is no verdict on who was right, and a case that was
# dropped was never looked into to its end: both are "unresolved", in no numerator and no denominator. An appeal reopens
# what was decided.
CASE_OUTCOME: dict[str, str] = {
    "new": "open", "contacted": "open", "filed": "open", "appealed": "open",
    "won": "confirmed", "partly_won": "confirmed", "lost": "refuted", "innocent": "refuted",
    "settled": "unresolved", "dropped": "unresolved",
}  # fmt: skip
