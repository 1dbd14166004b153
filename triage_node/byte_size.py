"""Sizes in words: in powers of 1024, as the settings ``*_mb`` and ``df -h`` count, and named so (IEC 80000-13)."""

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def byte_size(size_bytes: float) -> str:
    """Write a number of bytes with about three figures: 512 bytes, 1.5 MiB, 93.1 GiB, 1,023 GiB."""
    size, unit = float(size_bytes), 0
    while size >= 1024 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    figures = 0 if unit == 0 or size >= 100 else 1
    return f"{size:,.{figures}f} {UNITS[unit]}"
