# The commands with which a reader measures a page or a workload of it again: with the options of the run that the page is
# of, and a page into a folder of its own, since without one the committed reports are written over.
from runs import sources

OUT = "build/again"


def options_of(report):
    """Those that the run noted. Of a run that noted none, what its figures show."""
    if "run" in report:
        return report["run"]["options"]
    names = [one["name"] for work in report["workloads"] for one in work["contenders"]]
    return (["--quick"] if report["quick"] else []) + (["--peers"] if sources.runtimes_of(names) else [])


def command(report):
    return " ".join(["experiments/run", "--only", report["id"], *options_of(report), "--out", OUT])


def workload_command(report, work):
    return " ".join(["experiments/run", "--only", report["id"], "--workload", work["id"], *options_of(report)])
