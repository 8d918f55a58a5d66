# Where the threads of a figure sat, in words: which processors, and which cores, caches and memory those belong to.
# A seat is what the harness writes: {"processors": "0-1", "pinned": true}; runs of older harnesses have none.
PARTS = [("core", "core", "cores"), ("L3", "L3", "L3s"), ("package", "package", "packages")]


def numbers(listed):
    """The numbers of a list as the kernel writes it: "0-3,8"."""
    found = []
    for part in filter(None, listed.split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def listed(found):
    """The same the other way round."""
    parts = []
    for number in sorted(set(found)):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def homes(part, around=None):
    """{CPU: {kind: number of the part of that kind it is in}}, of the tree that the harness writes."""
    around = {**(around or {}), part["kind"]: part["number"]}
    if "nodes" in part:
        around["node"] = [node["number"] for node in part["nodes"]]
    if part["kind"] == "CPU":
        return {part["number"]: around}
    return {cpu: home for one in part.get("parts", []) for cpu, home in homes(one, around).items()}


def words(seat, machine):
    """"CPU 1 (core 1, L3 0, NUMA node 0)", with what is known of the machine."""
    found = numbers(seat["processors"])
    text = f"CPU{'s' if len(found) > 1 else ''} {listed(found)}"
    if "topology" in machine:
        of_cpu = homes(machine["topology"])
        around = [of_cpu[cpu] for cpu in found if cpu in of_cpu]
        known = []
        for kind, one, several in PARTS:
            its = {home[kind] for home in around if kind in home}
            if its:
                known.append(f"{one if len(its) == 1 else several} {listed(its)}")
        nodes = {number for home in around for number in home.get("node", [])}
        if nodes:
            known.append(f"NUMA node{'s' if len(nodes) > 1 else ''} {listed(nodes)}")
        text += f" ({', '.join(known)})" if known else ""
    return text if seat["pinned"] else f"{text}, not pinned"


def mark(one):
    """What stands behind the name of a contender whose threads were more than their processors."""
    seat = one.get("seat", {})
    return f", oversubscribed: {seat['threads']} on {len(numbers(seat['processors']))}" if seat.get("oversubscribed") else ""


def swept(works):
    """Whether a contender sits elsewhere at another size, as in sweeps over workers."""
    seats_of = {}
    for work in works:
        for one in work["contenders"]:
            seats_of.setdefault(one["name"], {}).setdefault(str(one.get("seat", {}).get("processors")), []).append(work["size"])
    return any(len(found) > 1 for found in seats_of.values())


def sentence(works, machine):
    """Where the contenders of these workloads sat, those of one seat together; empty where the run did not note it."""
    names, by_size = {}, swept(works)
    for work in works:
        alike = len({str(one.get("seat")) for one in work["contenders"]}) == 1
        for one in work["contenders"]:
            name = one["name"]
            if by_size:
                name = f"at {work['size']:,.0f}" if alike else f"{name} at {work['size']:,.0f}"
            if "seat" in one:
                found = names.setdefault(words(one["seat"], machine), [])
                if name not in found:
                    found.append(name)
    if not names:
        return ""
    if len(names) == 1:
        return f"Where: {next(iter(names))}."
    return "Where: " + "; ".join(f"{', '.join(found)}: {place}" for place, found in names.items()) + "."
