"""Who has sent, and what was refused of whom."""
