# Notes and says what a run is before it measures: its name, the commit, whether the tree differs from it, and of which
# versions the peers are.
#   ./python begin_run.py FILE OUT [--peers]
# FILE of a run that is resumed keeps its name. experiments/run hands FILE to note_run.py with each page. OUT: where its
# reports go.
import datetime
import json
import pathlib
import secrets
import sys

from base import places
from base.git import git
from runs import versions

MOST_NAMED = 12  # Of the files that differ.


def measured_code(out, root=places.ROOT):
    """{"commit", "differs": files that differ from it or are not in it}; empty where that is not known. What runs write
    themselves does not count: the folders of reports, and the figures that pages quote of them."""
    out = out.resolve()
    written = ["reports", *places.QUOTING] + ([str(out.relative_to(root))] if root in out.parents else [])
    commit = git("rev-parse", "HEAD", root=root)
    status = git("status", "--porcelain", "--", ".", *[f":(exclude){name}" for name in written], root=root)
    if commit is None or status is None:
        return {}
    files = [line[3:] for line in status.splitlines()]
    return {"commit": commit.strip(), "differs": files[:MOST_NAMED] + (["…"] if len(files) > MOST_NAMED else [])}


def began(now=None):
    now = now or datetime.datetime.now(datetime.timezone.utc)
    return {"id": f"{now:%Y%m%dT%H%MZ}-{secrets.token_hex(3)}", "began": f"{now:%Y-%m-%d %H:%M} UTC"}


def main():
    file = pathlib.Path(sys.argv[1])
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else began()
    run = {"id": known["id"], "began": known["began"], **measured_code(pathlib.Path(sys.argv[2]))}
    if "--peers" in sys.argv[3:]:
        run["versions"] = versions.here()
    file.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    changed = f", with changes to {', '.join(run['differs'])}" if run.get("differs") else ""
    print(f"run {run['id']}, of commit {run.get('commit', 'unknown')}{changed}")


if __name__ == "__main__":
    main()
