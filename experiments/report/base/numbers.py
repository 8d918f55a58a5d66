# How numbers are written, in texts and in pictures.


def shown(value):
    """For texts: three digits, with thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def percent(share):
    return f"{share * 100:.1f} %"


def lettered(value):
    """For pictures: as shown(), with powers of ten beyond a million by letter."""
    if value == 0:
        return "0"
    size = abs(value)
    for limit, letter in ((1e9, "G"), (1e6, "M")):
        if size >= limit:
            return f"{value / limit:.3g}{letter}"
    return shown(value)


def binary(value):
    """A number of bytes in powers of two."""
    for limit, letter in ((1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")):
        if value >= limit:
            return f"{value / limit:.3g} {letter}B"
    return f"{value:.3g} B"


def scaled(value, steps):
    """In the largest unit of which there are ten or more, so that figures of one sentence mostly share theirs."""
    limit, letter = next(((limit, letter) for limit, letter in steps if value >= 10 * limit), steps[-1])
    return f"{shown(value / limit)} {letter}"


# What the words of the summary and of the tables call a way to write a value.
FORMATS = {
    "bytes": lambda v: scaled(v, [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")]),
    "ns": lambda v: scaled(v, [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns")]),
    "us": lambda v: scaled(v * 1e3, [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns")]),
    "times": lambda v: f"{v:,.0f} times" if v >= 10 else f"{v:.{1 if v >= 1 else 2}f} times",
    "percent": lambda v: f"{v * 100:.0f} %",
    "count": lambda v: f"{v:,.0f}",
    "sizes": lambda v: " and ".join(part for part in (", ".join(f"{one:,.0f}" for one in v[:-1]), f"{v[-1]:,.0f}") if part) if v else "none",
    "plain": shown,
}
