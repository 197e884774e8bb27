"""What the tables mean. One file a table: its schema, key, ranges and rules, checked by dataframely.

Times are the shop's local time with its zone, money a Decimal(18, 2) in the shop's currency, ids text,
people keyed hashes. A rate is always a number between 0 and 1.
"""
