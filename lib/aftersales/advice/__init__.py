"""Suggestions, decisions, and whether they worked."""
