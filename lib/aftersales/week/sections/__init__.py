"""What the notebooks show, one module a notebook: each function takes the report and returns one thing to look at.

A section joins results, sentences and charts; it computes no statistics and words nothing by hand.
"""
