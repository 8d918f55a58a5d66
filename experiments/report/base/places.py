# Where the repository's parts lie that the report reads.
import pathlib

REPORT = pathlib.Path(__file__).resolve().parent.parent
EXPERIMENTS = REPORT.parent
ROOT = EXPERIMENTS.parent
# The pages that quote figures of the newest reports.
QUOTING = ("README.md", "docs/guides/measuring.md", "docs/guides/things-to-know.md", "docs/guides/using-it.md",
           "docs/guides/which-model-when.md")
