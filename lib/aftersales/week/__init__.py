"""The week of one shop — its tables, its results computed once, and the sections that notebooks show.

``load`` opens a shop's week; ``ShopWeek`` holds what is computed, whatever the language; ``Report`` is that week in one
language; each module of ``sections`` holds the answers of one notebook.
"""
