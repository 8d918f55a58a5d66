# Where the repository's parts lie that the report reads.
import pathlib

REPORT = pathlib.Path(__file__).resolve().parent.parent
EXPERIMENTS = REPORT.parent
ROOT = EXPERIMENTS.parent
