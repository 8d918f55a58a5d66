# The claims of the documents. Those of a page lie in its folder: experiments/PAGE/claims.json.
from base import places, written

PLACE = "experiments/PAGE/claims.json"


def merged(lists):
    """The claims of several files, by their numbers."""
    return sorted((claim for claims in lists for claim in claims), key=lambda claim: claim["id"])


def load():
    return merged(written.load(file, written.CLAIMS) for file in places.EXPERIMENTS.glob("*/claims.json"))
