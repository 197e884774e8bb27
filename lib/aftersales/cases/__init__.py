"""Case files: what a suspicion rests on, as a dossier that can be filed, checked and closed."""
