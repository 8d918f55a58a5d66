# Says in Markdown what changed between two runs. experiments/compare is how it is started.
import argparse
import signal
import sys

from judge import claims
from runs import measured
from texts import comparison


def share(text):
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1; 0.05 is usual")
    return value


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="experiments/compare", description="Says in Markdown what changed between two runs.",
        epilog="A and B: folders with measured JSON (or that have one in data/), or git revisions, whose reports/data is taken. "
               "Ends with 0; with 1 if a verdict changed that was close in neither run, or anything and --fail-on-change was given; "
               "with 2 if it could not compare.")
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--fail-on-change", action="store_true", help="end with 1 also if a figure or a close verdict changed")
    parser.add_argument("--chance", type=share, default=0.05, help="of what is called changed, the share that may be none (0.05)")
    parser.add_argument("--floor", type=share, default=0.03, help="the least movement that counts, whatever the noise (0.03)")
    options = parser.parse_args(arguments)
    try:
        before, after = measured.load(options.a), measured.load(options.b)
        if not set(before) & set(after):
            raise measured.refused(f"{options.a} has {', '.join(before)} and {options.b} has {', '.join(after)}: no page is in both")
    except measured.refused as reason:
        print(f"experiments/compare: {reason}", file=sys.stderr)
        return 2
    text, surprising, changed = comparison.report((options.a, options.b), before, after, claims.load(), options)
    print(text)
    return 1 if surprising or changed and options.fail_on_change else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Who reads only the head of the output may.
    sys.exit(main())
