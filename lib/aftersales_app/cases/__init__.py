"""Dossiers written, verified and listed; the states of cases recorded."""
