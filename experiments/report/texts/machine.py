# The page of the machine: what it is, which runs measured on it, how long and how steadily.
from draw import topology
from runs import machines, runs
from texts import markdown_table, pages_of_run


def words(value):
    return "<br>".join(value) if isinstance(value, list) else str(value)


def rows(machine):
    return [[name.replace("_", " "), words(value)] for name, value in machine.items()]


def elsewhere(main, machine, names):
    """What another machine's pages were measured on, where it differs."""
    links = ", ".join(f"[{name}]({name}.md)" for name in names)
    other = {name: value for name, value in machines.traits(machine).items() if main.get(name) != value}
    return [f"Measured on another machine, or under another system: {links}. What differs there:", "",
            markdown_table.table_of_words([["what", "there"], *rows(other)]), ""]


def versions(reports):
    """The table of what the peers were made of; empty where no page says. Where pages differ, each version names its own."""
    found = {}
    for one, report in reports.items():
        for language, version in report.get("run", {}).get("versions", {}).items():
            found.setdefault(language, {}).setdefault(version, []).append(one)
    if not found:
        return ""
    rows = [["what", "version"]]
    for language, by_version in found.items():
        rows.append([language, "; ".join(version + (f" ({', '.join(names)})" if len(by_version) > 1 else "")
                                         for version, names in by_version.items())])
    return markdown_table.table_of_words(rows)


def runs_section(reports):
    """Which runs the pages are of, and what the peers were made of."""
    lines = ["## Runs", "", f"Measured {runs.span(reports)}. A run is one call of `experiments/run`, with its resumptions; "
             "the data of each page have the checksums of the programs that measured it.", "",
             markdown_table.table_of_words([runs.HEAD, *runs.rows(reports, runs.links)]), "", *runs.spaced(runs.failures(reports))]
    if made_of := versions(reports):
        lines += ["## Versions of the peers", "", made_of, ""]
    return "\n".join(lines)


def make(reports):
    """The page, and the drawing of the machine that measured most pages, or None."""
    (main, _), *others = machines.groups(reports)
    drawn = main.get("topology")
    lines = ["# The machine", "", markdown_table.table_of_words([["what", "here"], *rows(machines.traits(main))]), ""]
    if drawn is not None:
        lines += [f"![{topology.TITLE}]({topology.FILE})", ""]
    for machine, names in others:
        lines += elsewhere(main, machine, names)
    return "\n".join([*lines, runs_section(reports), pages_of_run.section(reports)]), None if drawn is None else topology.make(drawn)
