# The page of the machine: what it is, which runs measured on it, how long and how steadily.
from draw import topology
from judge import noise
from runs import machines, meanwhile, runs
from texts import pages_of_run, templates


def words(value):
    return "<br>".join(value) if isinstance(value, list) else str(value)


def rows(machine):
    return [[name.replace("_", " "), words(value)] for name, value in machine.items()]


def versions(reports):
    """A table of what the peers were made of; nothing where no page says. Where pages differ, each version names its own."""
    found = {}
    for one, report in reports.items():
        for language, version in report.get("run", {}).get("versions", {}).items():
            found.setdefault(language, {}).setdefault(version, []).append(one)
    if not found:
        return []
    rows = [["what", "version"]]
    for language, by_version in found.items():
        rows.append([language, "; ".join(version + (f" ({', '.join(names)})" if len(by_version) > 1 else "")
                                         for version, names in by_version.items())])
    return rows


def runs_section(reports):
    """Which runs the pages are of, and what the peers were made of."""
    return templates.rendered("runs.md.jinja", span=runs.span(reports), rows=[runs.HEAD, *runs.rows(reports, runs.links)],
                              failures=runs.failures(reports), versions=versions(reports))


def elsewhere(main, machine, names):
    """What another machine's pages were measured on, where it differs."""
    other = {name: value for name, value in machines.traits(machine).items() if main.get(name) != value}
    return {"links": runs.links(names), "rows": [["what", "there"], *rows(other)]}


def make(reports):
    """The page, and the drawing of the machine that measured most pages, or None."""
    (main, _), *others = machines.groups(reports)
    drawn = main.get("topology")
    text = templates.rendered(
        "machine.md.jinja", described=[["what", "here"], *rows(machines.traits(main))],
        picture=None if drawn is None else {"title": topology.TITLE, "file": topology.FILE},
        others=[elsewhere(main, machine, names) for machine, names in others], runs=runs_section(reports),
        total=pages_of_run.total(reports), beside=meanwhile.beside(reports), times=pages_of_run.table(reports), noise=noise.METHOD,
        use=pages_of_run.USE if any(meanwhile.shares(report) for report in reports.values()) else "")
    return text, None if drawn is None else topology.make(drawn)
