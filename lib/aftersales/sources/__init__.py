"""From a shop's export files to checked, versioned tables.

``read`` turns one file into typed records (the layouts say how); ``identity`` turns people into keyed hashes;
``compose`` makes the tables out of all versions of the records; ``store`` keeps everything as Delta tables; and
``importing`` is the one door: read, hash, keep, compose, commit.
"""
