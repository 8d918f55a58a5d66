# Where figures sat: in words, in tables, in pictures; and the drawing of the machine, small and large.
#   ./python -m tests.seats_test
import csv
import io
import re
import unittest
import xml.etree.ElementTree as xml

from draw import charts, svg, topology
from runs import seats
from texts import machine, page, table_csv


def cpu(number):
    return {"kind": "CPU", "number": number}


def core(number, *cpus):
    return {"kind": "L2", "number": number, "bytes": 512 << 10,
            "parts": [{"kind": "core", "number": number, "parts": [cpu(one) for one in cpus]}]}


def package(number, cores, threads):
    first = number * cores
    return {"kind": "package", "number": number, "nodes": [{"number": number, "bytes": 1 << 30}],
            "parts": [{"kind": "L3", "number": number, "bytes": 32 << 20,
                       "parts": [core(first + at, *range((first + at) * threads, (first + at + 1) * threads)) for at in range(cores)]}]}


def described(packages=1, cores=2, threads=1):
    return {"kind": "machine", "number": 0, "parts": [package(at, cores, threads) for at in range(packages)]}


def contender(name, processors, threads=1, pinned=True):
    seat = {"processors": processors, "pinned": pinned}
    if threads > len(seats.numbers(processors)):
        seat.update(threads=threads, oversubscribed=True)
    return {"name": name, "median": 2.0, "least": 1.0, "most": 3.0, "median_interval": [1.5, 2.5], "samples": [1.0, 2.0, 3.0],
            "seat": seat}


def work(size, *contenders):
    return {"id": "by_workers", "title": "job", "unit": "ns", "size": size, "repetitions": 3, "warm_up": 1,
            "contenders": list(contenders)}


def report(processor, **more):
    return {"machine": {"date": "2026-01-02 03:04 UTC", "processor": processor, **more}, "quick": False, "workloads": []}


class words_of_a_seat(unittest.TestCase):
    def test_lists_go_there_and_back(self):
        self.assertEqual(seats.numbers("0-2,5"), [0, 1, 2, 5])
        self.assertEqual(seats.listed([5, 1, 0, 2, 2]), "0-2, 5")

    def test_processors_have_their_cores_caches_and_nodes(self):
        whole = {"topology": described(2, 2, 2)}
        self.assertEqual(seats.words({"processors": "3", "pinned": True}, whole), "CPU 3 (core 1, L3 0, package 0, NUMA node 0)")
        self.assertEqual(seats.words({"processors": "2-5", "pinned": True}, whole),
                         "CPUs 2-5 (cores 1-2, L3s 0-1, packages 0-1, NUMA nodes 0-1)")

    def test_a_machine_that_hwloc_cannot_read_has_its_processors_alone(self):
        self.assertEqual(seats.words({"processors": "0-1", "pinned": False}, {}), "CPUs 0-1, not pinned")

    def test_contenders_of_one_seat_stand_together(self):
        some = [contender("a", "1"), contender("b", "0-1"), contender("c", "1")]
        self.assertEqual(seats.sentence([work(1, *some[::2])], {}), "Where: CPU 1.")
        self.assertEqual(seats.sentence([work(1, *some)], {}), "Where: a, c: CPU 1; b: CPUs 0-1.")
        self.assertEqual(seats.sentence([work(1, *some), work(10, *some)], {}), "Where: a, c: CPU 1; b: CPUs 0-1.")

    def test_a_sweep_over_workers_names_its_sizes(self):
        ours = [work(1, contender("a", "1"), contender("b", "1")), *(work(n, contender("a", "0-1"), contender("b", "0-1")) for n in (2, 4))]
        self.assertEqual(seats.sentence(ours, {}), "Where: at 1: CPU 1; at 2, at 4: CPUs 0-1.")
        self.assertEqual(seats.sentence([*ours, work(8, contender("a", "0-1"), contender("b", "1"))], {}),
                         "Where: at 1, b at 8: CPU 1; at 2, at 4, a at 8: CPUs 0-1.")

    def test_runs_without_seats_say_nothing(self):
        self.assertEqual(seats.sentence([work(1, {"name": "a"})], {}), "")


class marks_of_oversubscription(unittest.TestCase):
    report = {"id": "p", "quick": False, "machine": {"date": "d"}, "facts": {}, "workloads": [
        work(2, contender("fiber", "0-1", 2)), work(4, contender("fiber", "0-1", 4))]}

    def test_tables_say_how_many_on_how_many(self):
        text = page.results(self.report, {}, "..")
        self.assertIn("| fiber, oversubscribed: 4 on 2 |", text)
        self.assertEqual(text.count("oversubscribed"), 1)
        self.assertEqual(text.count("Where: CPUs 0-1."), 2)

    def test_a_title_that_says_the_size_is_not_told_it_again(self):
        of = {"sizes": {"by_workers": "workers"}}
        for title, size, suffix in (("job, 4 workers on 2 processors", 4, ""), ("job, 1 worker", 1, ""), ("job, two workers", 2, ""),
                                    ("job", 4, " · 4 workers"), ("job", 1, " · 1 worker")):
            self.assertEqual(page.size_of({**work(size), "title": title}, of), suffix)

    def test_sweeps_ring_the_mark_and_say_why(self):
        chart = {"kind": "sweep", "workloads": ["by_workers"], "title": "T", "x": "workers", "y": "ns", "file": "f.svg"}
        files, pictures = charts.make(self.report, {"charts": [chart]})
        self.assertEqual(files["f.svg"].count('class="whisker"'), 1)
        self.assertIn("more workers than processors", files["f.svg"])
        self.assertEqual([one["place"] for one in pictures], ["Where: CPUs 0-1."])

    def test_bars_say_it_in_their_names(self):
        chart = {"kind": "bars", "workloads": ["by_workers"], "size": 4, "title": "T", "x": "ns", "file": "f.svg"}
        self.assertIn("fiber, oversubscribed", charts.make(self.report, {"charts": [chart]})[0]["f.svg"])

    def test_spreadsheets_have_it_in_a_column(self):
        rows = list(csv.DictReader(io.StringIO(table_csv.make(self.report, {}))))
        self.assertEqual([(row["processors"], row["pinned"], row["oversubscribed"]) for row in rows],
                         [("0-1", "yes", "no"), ("0-1", "yes", "yes")])


class the_drawing(unittest.TestCase):
    def boxes(self, tree):
        text = topology.make(tree)
        root = xml.fromstring(text)
        space = "{http://www.w3.org/2000/svg}"
        found = [[float(e.get(k)) for k in ("x", "y", "width", "height")] for e in root.iter(space + "rect") if e.get("x")]
        return found, [e.text for e in root.iter(space + "text")], float(root.get("height"))

    def test_a_chain_is_one_box_and_a_core_names_its_processors(self):
        found, words, _ = self.boxes(described(1, 2, 2))
        self.assertEqual(len(found), 3)
        for line in ("machine", "package 0", "NUMA node 0, 1 GiB", "L3 0, 32 MiB", "L2 0, 512 KiB", "core 1", "CPU 2-3"):
            self.assertIn(line, words)

    def test_large_machines_stay_on_the_page_and_boxes_do_not_overlap(self):
        for tree in (described(1, 1, 1), described(2, 64, 2), described(8, 6, 1)):
            found, _, tall = self.boxes(tree)
            for x, y, width, height in found:
                self.assertTrue(x >= 0 and x + width <= svg.WIDTH and y + height <= tall)
            leaves = found[2:]
            for at, one in enumerate(leaves):
                for other in leaves[at + 1:]:
                    apart = (one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0] or one[1] + one[3] <= other[1] or
                             other[1] + other[3] <= one[1])
                    within = one[0] < other[0] and one[1] < other[1] and other[0] + other[2] < one[0] + one[2]
                    self.assertTrue(apart or within, (one, other))

    def test_the_page_of_the_machine_shows_it(self):
        text, drawing = machine.make({"io": report("p", topology=described())})
        self.assertIn(f"![{topology.TITLE}]({topology.FILE})", text)
        self.assertIn("<svg", drawing)
        self.assertFalse(re.search(r"^\| topology", text, re.M))
        text, drawing = machine.make({"io": report("p")})
        self.assertNotIn(topology.FILE, text)
        self.assertIsNone(drawing)

    def test_pages_of_another_machine_are_told_apart(self):
        text, drawing = machine.make({"io": report("old", topology=described()), "http": report("new"), "spawn": report("new")})
        self.assertIsNone(drawing)
        self.assertIn("| processor | new |", text)
        self.assertIn("under another system: [io](io.md)", text)
        self.assertIn("| processor | old |", text)


if __name__ == "__main__":
    unittest.main()
