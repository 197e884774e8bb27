"""A measure takes checked tables and returns one new tidy table with its counts and its uncertainty.

No files, no clock, no pictures: "today" is the argument ``until``, and rows later than it are not looked at.
"""
