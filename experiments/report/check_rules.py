# Refuses to measure a page for which a claim has no rule yet: what decides is written down before the figures are known.
#   ./python check_rules.py PAGE…
import sys

from judge import claims, rules


def main():
    found = rules.faults(claims.load(), sys.argv[1:])
    if found:
        raise SystemExit("\n".join(found) + "\nwrite it to the claims.json in the page's folder before it is measured")


if __name__ == "__main__":
    main()
