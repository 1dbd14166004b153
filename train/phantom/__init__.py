"""In-silico head CT: average anatomy made individual, with hemorrhage where it is asked for."""
