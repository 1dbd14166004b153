"""Reports that are owed: where each goes, on its way, given up, sent again."""
