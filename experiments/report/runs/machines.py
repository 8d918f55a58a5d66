# Which machine measured what: the pages of one run share one, those of several days may not.

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
