# Who else had the processors while a page was measured. Reports of before this was noted say nothing of it.
from base import numbers

MOST_OF_OTHERS = 0.05  # Of the processor time there was; beyond it, a page says that it did not have the machine to itself.
WHO = {"others": "other processes", "steal": "the hypervisor"}


def shares(report):
    """{who besides the page: share of the processor time that there was while it was measured}; None where not noted."""
    use = report.get("run", {}).get("processor_use")
    if not use or not use["available_seconds"]:
        return None
    return {who: use[f"{who}_seconds"] / use["available_seconds"] for who in WHO}


def sentence(report):
    """For the page itself; empty where it is not noted."""
    of = shares(report)
    return f"Meanwhile {numbers.percent(of['others'])} of the processor time was other processes', and {numbers.percent(of['steal'])} the hypervisor's." if of else ""


def beside(reports):
    """A sentence on the pages that did not have the machine to themselves; empty where none is known."""
    large = {name: {who: share for who, share in (shares(report) or {}).items() if share > MOST_OF_OTHERS} for name, report in reports.items()}
    found = [f"[{name}]({name}.md) ({', '.join(f'{WHO[who]} {numbers.percent(share)}' for who, share in of.items())})" for name, of in large.items() if of]
    return (f"While these pages were measured, others had more than {MOST_OF_OTHERS * 100:.0f} % of the processor time: {', '.join(found)}. "
            "Their figures may be slower than a quiet machine's." if found else "")
