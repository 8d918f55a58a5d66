# The claims of the documents. Those of a page lie in its folder: experiments/PAGE/claims.json.
import json

from base import places

PLACE = "experiments/PAGE/claims.json"


def merged(texts):
    """The claims of several files, by their numbers."""
    return sorted((claim for text in texts for claim in json.loads(text)), key=lambda claim: claim["id"])


def load():
    return merged(file.read_text(encoding="utf-8") for file in places.EXPERIMENTS.glob("*/claims.json"))
