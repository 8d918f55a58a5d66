# How long each page of a run took and how steady it was, for the page of the machine.
import noise
import page


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
    rows = [["page", "measured", "seconds", "options", "figures with repetitions", "noise floor"]]
    for name, report in reports.items():
        found, took = noise.distances(report), seconds(report)
        rows.append([f"[{name}]({name}.md)", report["machine"]["date"], "not noted" if took is None else f"{took:,.0f}",
                     " ".join(report.get("run", {}).get("options", [])) or ("quick" if report["quick"] else ""),
                     str(len(found)), noise.percent(noise.floor(found)) if found else "none"])
    return page.table(rows)


def section(reports):
    return "\n".join(["## Time and noise", "", total(reports) + " Building is not in it.", "", table(reports), "", noise.METHOD, ""])
