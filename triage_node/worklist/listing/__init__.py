"""How a list is sorted other than in reading order, and which study follows another in a list."""
