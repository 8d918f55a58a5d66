"""Words that the glossary has replaced: what they were, and what is said now. docs/glossary.md has the terms."""
import re

INSTEAD = {
    r"lingering": "spin or park policy",
    r"many_(?:op|wait|result|source)\w*": "multishot_…",
    r"lent_buffers?": "buffer_pool",
    r"lookup_desk": "resolver_queue",
    r"item_end": "delimiter",
    r"running_transfer": "in_flight_transfer",
    r"most_(?!significant)[a-z]\w*": "max_…",
    r"two_way\w*": "bidirectional_…",
    r"[Oo]ld at once": "may be out of date when it returns",
    r"who was told": "the one that was woken",
    r"what it came to": "the outcome, or the result",
}
REFUSED = re.compile("|".join(rf"\b(?P<word{n}>{word})\b" for n, word in enumerate(INSTEAD)))


def problems(line):
    """What is wrong with the words of a line."""
    for match in REFUSED.finditer(line):
        now = list(INSTEAD.values())[int(match.lastgroup.removeprefix("word"))]
        yield f"'{match.group(0)}' is an older word; say {now} (see docs/glossary.md)"
