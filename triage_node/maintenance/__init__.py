"""What runs by the clock: schedule, disk watermark, health."""
