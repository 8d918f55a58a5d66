# How long each page of a run took, how steady it was and who else had the processors, for the page of the machine.
from base import numbers
from judge import noise
from runs import meanwhile, runs
from texts import markdown_table

USE = ("Others and steal are the processor time that other processes and the hypervisor had while the page's program ran, of all that "
       "its processors had; what the kernel did by itself is among the others.")


def seconds(report):
    """What experiments/run noted, or None of a run before it did."""
    return report.get("run", {}).get("seconds")


def total(reports):
    """A sentence on all pages together."""
    noted = {name: seconds(report) for name, report in reports.items() if seconds(report) is not None}
    if not noted:
        return "None of these pages has its time noted."
    minutes = f"{sum(noted.values()) / 60:.1f}"
    missing = [name for name in reports if name not in noted]
    return (f"All {len(noted)} pages took {minutes} minutes." if not missing else
            f"{len(noted)} of {len(reports)} pages took {minutes} minutes; of the others no time is noted: {', '.join(missing)}.")


def table(reports):
    used = any(meanwhile.shares(report) for report in reports.values())
    rows = [["page", "measured", "seconds", "options", *(["others", "steal"] if used else []), "figures with repetitions", "noise floor"]]
    for name, report in reports.items():
        found, took, shares = noise.distances(report), seconds(report), meanwhile.shares(report)
        use = [numbers.percent(shares[who]) if shares else "not noted" for who in meanwhile.WHO] if used else []
        rows.append([f"[{name}]({name}.md)", runs.date(report), "not noted" if took is None else f"{took:,.0f}",
                     " ".join(report.get("run", {}).get("options", [])) or ("quick" if report["quick"] else ""), *use,
                     str(len(found)), numbers.percent(noise.floor(found)) if found else "none"])
    return markdown_table.table(rows)
