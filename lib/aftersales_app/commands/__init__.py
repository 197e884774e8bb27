"""The verbs of the command line: thin, no logic; the work of each is one call."""
