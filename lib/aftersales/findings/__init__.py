"""A finding is a measure plus a sentence: what was found, how sure it is, and what it cannot tell.

``contract`` holds the files a weekly run leaves, ``finding`` the record, the other files one kind of finding each.
"""
