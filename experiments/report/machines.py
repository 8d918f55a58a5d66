# Which machine measured what: the pages of one run share one, those of several days may not.
import page
import pages_of_run
import runs
import topology

OF_A_RUN = ("date", "load_at_start", "topology")  # Differ from page to page on one machine.


def traits(machine):
    return {name: value for name, value in machine.items() if name not in OF_A_RUN}


def agree(one, other):
    """Whether two descriptions may be of one machine: what only one of them says is no difference."""
    return all(other[name] == value for name, value in one.items() if name in other)


def groups(reports):
    """[(machine, names of its pages)], those with most pages first. A machine is told as its newest page tells it, of
    those that have a drawing if any has."""
    found = []  # Lists of names, whose descriptions agree each with each.
    for name, report in reports.items():
        described = traits(report["machine"])
        fitting = (names for names in found if all(agree(traits(reports[one]["machine"]), described) for one in names))
        names = next(fitting, None)
        if names is None:
            found.append([name])
        else:
            names.append(name)

    def told(names):
        return max((reports[name]["machine"] for name in names), key=lambda one: ("topology" in one, one["date"]))
    return [(told(names), names) for names in sorted(found, key=len, reverse=True)]


def words(value):
    return "<br>".join(value) if isinstance(value, list) else str(value)


def rows(machine):
    return [[name.replace("_", " "), words(value)] for name, value in machine.items()]


def elsewhere(main, machine, names):
    """What another machine's pages were measured on, where it differs."""
    links = ", ".join(f"[{name}]({name}.md)" for name in names)
    other = {name: value for name, value in traits(machine).items() if main.get(name) != value}
    return [f"Measured on another machine, or under another system: {links}. What differs there:", "",
            page.table_of_words([["what", "there"], *rows(other)]), ""]


def make(reports):
    """The page, and the drawing of the machine that measured most pages, or None."""
    (main, _), *others = groups(reports)
    drawn = main.get("topology")
    lines = ["# The machine", "", page.table_of_words([["what", "here"], *rows(traits(main))]), ""]
    if drawn is not None:
        lines += [f"![{topology.TITLE}]({topology.FILE})", ""]
    for machine, names in others:
        lines += elsewhere(main, machine, names)
    return "\n".join([*lines, runs.section(reports), pages_of_run.section(reports)]), None if drawn is None else topology.make(drawn)
