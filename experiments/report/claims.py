# The claims of the documents. Those of a page lie in its folder: experiments/PAGE/claims.json.
import json
import pathlib

EXPERIMENTS = pathlib.Path(__file__).resolve().parent.parent
PLACE = "experiments/PAGE/claims.json"


def merged(texts):
    """The claims of several files, by their numbers."""
    return sorted((claim for text in texts for claim in json.loads(text)), key=lambda claim: claim["id"])


def load(experiments=EXPERIMENTS):
    return merged(file.read_text(encoding="utf-8") for file in experiments.glob("*/claims.json"))
