"""What may be deleted of which studies, and what is noted of it."""
