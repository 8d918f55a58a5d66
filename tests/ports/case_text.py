"""How the tables of cases write bytes: \\r \\n \\t \\0 \\\\ and \\xNN, {N*text} for a repetition, {A..B} for a whole number from A
to B."""
import re

ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def literal(text):
    """The bytes for which the text stands, without its {...}."""
    made = b""
    while text:
        if text[0] != "\\":
            made, text = made + text[0].encode(), text[1:]
        elif text[1] == "x":
            made, text = made + bytes([int(text[2:4], 16)]), text[4:]
        else:
            made, text = made + ESCAPES[text[1]], text[2:]
    return made


def parts(text):
    """Pieces of bytes, and ranges of numbers between them."""
    for piece in re.split(r"(\{\d+\*[^}]*\}|\{\d+\.\.\d+\})", text):
        repeated = re.fullmatch(r"\{(\d+)\*([^}]*)\}", piece)
        between = re.fullmatch(r"\{(\d+)\.\.(\d+)\}", piece)
        if repeated:
            yield int(repeated[1]) * literal(repeated[2])
        elif between:
            yield range(int(between[1]), int(between[2]) + 1)
        else:
            yield literal(piece)


def as_bytes(text):
    return b"".join(parts(text))
