"""Statistics that know nothing of shops: arrays and plain frames in and out.

Counts and their tails, rates and their priors, cuts of lists by false share, charts of individuals, regressions of
count series, texts as labels, and effects of one event (difference in differences, placebos, synthetic and interrupted
series).
"""
