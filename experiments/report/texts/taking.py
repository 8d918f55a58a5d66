# How a workload's figures were taken, in words: how often, in which rounds, and what had to be taken once more.


def companions(work, report):
    """The titles of the workloads that were measured in the same rounds, this one's sizes aside."""
    if not work.get("in_turns"):
        return []
    together = [one for one in report["workloads"] if one.get("in_turns") == work["in_turns"] and one is not work]
    return list(dict.fromkeys(one["title"] if one["id"] != work["id"] else "its other sizes" for one in together))


def round_of(one):
    return f"repetition {one['repetition']}" if one["repetition"] else "the warm-up"


def repeated(work):
    """A sentence on each repetition that failed and was taken once more; empty where there is none."""
    return " ".join(f"{one['name']} failed in {round_of(one)} and was measured once more: {one['reason'].rstrip('.')}."
                    for one in work.get("repeated", []))


def sentences(work, report):
    count = work["repetitions"]
    others = companions(work, report)
    parts = f", {work['parts']} parts of them at different times, each" if "parts" in work else ","
    told = [f"{count} repetition{'s' if count != 1 else ''} in turn{parts} after {work['warm_up']} that did not count"
            + (f", in the same rounds as: {'; '.join(others)}" if others else "") + ".", repeated(work)]
    return " ".join(filter(None, told))
