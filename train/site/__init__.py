"""A site's own labeled studies: calibrate on them, adapt to them."""
