# Checks the pages that are made of the committed figures: that HTML and SVG are well formed, need nothing from elsewhere,
# can be read aloud and in every light, and that each of their links leads somewhere.
#   ./python -m tests.pages_test
import contextlib
import csv
import fnmatch
import html.parser
import io
import json
import pathlib
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

import make
from base import numbers, places, written
from draw import charts, palette, svg
from judge import outcomes, readings
from runs import repeat, sources
from texts import markdown, page, table_csv, taking, web

VOID = {"meta", "br", "link", "img", "hr"}
# What every system font has: Latin-1, dashes, dots; the pages draw their lights.
GLYPHS = re.compile(r"[^\x20-\x7e\n\u00a0-\u00ff\u2013\u2014\u2026\u2018\u2019\u201c\u201d\u03bc\u2192\u2190\u2264\u2265\u2248\u2212]")


class reader(html.parser.HTMLParser):
    """Collects what the checks look at; throws where an element is not closed in turn."""

    def __init__(self):
        super().__init__()
        self.stack, self.found, self.words = [], [], []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag in VOID or not self.stack or self.stack.pop() != tag:
            raise AssertionError(f"</{tag}> at {self.getpos()} closes what is not open")

    def handle_data(self, data):
        if not self.stack or self.stack[-1] not in ("style", "code"):
            self.words.append(data)


def read(text):
    result = reader()
    result.feed(text)
    result.close()
    if result.stack:
        raise AssertionError(f"left open: {result.stack}")
    return result


class made_pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory(prefix="bifilar-reports-")
        cls.folder = pathlib.Path(cls.made.name)
        arguments, sys.argv = sys.argv, ["make.py", "--data", str(places.ROOT / "reports" / "data"), "--out", str(cls.folder)]
        with contextlib.redirect_stderr(io.StringIO()):
            make.main()
        sys.argv = arguments
        cls.pages = {path: read(path.read_text(encoding="utf-8")) for path in sorted(cls.folder.glob("*.html"))}

    @classmethod
    def tearDownClass(cls):
        cls.made.cleanup()

    def test_every_markdown_has_its_html(self):
        names = {"index" if path.stem == "README" else path.stem for path in self.folder.glob("*.md")}
        self.assertEqual(names, {path.stem for path in self.pages})
        self.assertIn("summary", names)

    def test_pages_can_be_read_aloud(self):
        for path, parts in self.pages.items():
            with self.subTest(path.name):
                tags = [tag for tag, _ in parts.found]
                self.assertEqual(dict(parts.found)["html"], {"lang": "en"})
                self.assertEqual((tags.count("title") >= 1, tags.count("h1"), tags.count("main")), (True, 1, 1))
                levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
                self.assertTrue(all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels)
                for tag, attributes in parts.found:
                    if tag == "svg":
                        self.assertEqual(attributes["role"], "img")
                        named = {a.get("id") for t, a in parts.found if t in ("title", "desc")}
                        self.assertLessEqual(set(attributes["aria-labelledby"].split()), named)
                    if tag == "th":
                        self.assertIn(attributes["scope"], ("col", "row"))
                ids = [attributes["id"] for _, attributes in parts.found if "id" in attributes]
                self.assertEqual(len(ids), len(set(ids)), [name for name in ids if ids.count(name) > 1])

    def test_pages_need_nothing_from_elsewhere(self):
        for path, parts in self.pages.items():
            with self.subTest(path.name):
                self.assertFalse([a for tag, a in parts.found if tag in ("script", "link", "img", "iframe", "object") or "src" in a])
                self.assertNotIn("@import", path.read_text(encoding="utf-8"))

    def test_every_link_leads_somewhere(self):
        for path, parts in self.pages.items():
            for tag, attributes in parts.found:
                if tag != "a" or attributes["href"].startswith("https://"):
                    continue
                file, _, anchor = attributes["href"].partition("#")
                with self.subTest(path.name, href=attributes["href"]):
                    target = (path.parent / file).resolve() if file else path
                    self.assertTrue(target.exists())
                    if anchor:
                        self.assertIn(anchor, [a.get("id") for _, a in self.pages[target].found])

    def test_pages_show_no_glyph_that_a_font_may_lack(self):
        for path, parts in self.pages.items():
            with self.subTest(path.name):
                self.assertEqual(GLYPHS.findall("".join(parts.words)), [])

    def test_a_claim_about_processors_names_the_one_that_was_tested(self):
        processor = json.loads((places.ROOT / "reports" / "data" / "cache.json").read_text(encoding="utf-8"))["machine"]["processor"]
        text = (self.folder / "cache.md").read_text(encoding="utf-8")
        self.assertIn(f"Tested is {processor} ", text)
        self.assertNotIn("{processor}", "".join(path.read_text(encoding="utf-8") for path in self.folder.glob("*.md")))

    def test_a_verdict_is_told_by_its_word_too(self):
        index = (self.folder / "index.html").read_text(encoding="utf-8")
        rows = re.findall(r'<tr class="(\w+)"><td>.*?</td><td>([^<]*)</td><th scope="row">', index)
        self.assertEqual(len(rows), 65)
        words = {"holds": outcomes.HOLDS, "partly": outcomes.PARTLY, "fails": outcomes.FAILS, "none": outcomes.NOT_HERE,
                 "absent": outcomes.NOT_RUN, "close": "close: "}
        self.assertTrue(all(word.startswith(words[kind]) for kind, word in rows))

    def test_pictures_are_xml_and_keep_their_words_to_themselves(self):
        for path in self.folder.glob("*.svg"):
            with self.subTest(path.name):
                root = xml.fromstring(path.read_text(encoding="utf-8"))
                words = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
                self.assertTrue(root.find("{http://www.w3.org/2000/svg}title").text)
                self.assertTrue(root.find("{http://www.w3.org/2000/svg}desc").text)
                self.assertEqual(GLYPHS.findall("".join(words)), [])
                self.assertIn("prefers-color-scheme:dark", path.read_text(encoding="utf-8"))

    def test_tables_have_every_figure_of_the_page(self):
        for path in (self.folder / "data").glob("*.json"):
            report = json.loads(path.read_text(encoding="utf-8"))
            with self.subTest(path.name), open(path.with_suffix(".csv"), encoding="utf-8", newline="") as table:
                rows = [row for row in csv.DictReader(table) if row["path"]]
                figures = sum(1 + len(one.get("also", {})) for work in report["workloads"] for one in work["contenders"])
                self.assertEqual(len(rows), figures + len(report["facts"]))
                for row in rows:
                    self.assertAlmostEqual(readings.figure({report["id"]: report}, row["path"]), float(row["median"]))

    def test_the_command_that_measures_a_page_again_is_that_of_its_run_and_leaves_the_committed_reports(self):
        script = (places.ROOT / "experiments" / "run").read_text(encoding="utf-8")
        for path in (self.folder / "data").glob("*.json"):
            report = json.loads(path.read_text(encoding="utf-8"))
            command = repeat.command(report)
            with self.subTest(command):
                self.assertTrue(command.startswith(f"experiments/run --only {report['id']} ") and command.endswith(" --out build/again"))
                self.assertEqual(set(report.get("run", {}).get("options", [])) - set(command.split()), set())
                for option in re.findall(r"--[\w-]+", command):
                    self.assertIn(f"\n        {option})", script)
                self.assertIn(f"`{command}`", (self.folder / f"{report['id']}.md").read_text(encoding="utf-8"))
                self.assertIn(f"<code>{command}</code>", (self.folder / f"{report['id']}.html").read_text(encoding="utf-8"))

    def test_of_a_run_that_noted_no_options_the_figures_show_them(self):
        report = {"id": "p", "quick": True, "workloads": [{"contenders": [{"name": "coroutine"}, {"name": "Go, Gosched"}]}]}
        self.assertEqual(repeat.command(report), "experiments/run --only p --quick --peers --out build/again")
        self.assertEqual(repeat.command({**report, "run": {"options": ["--workers", "1,2"]}}), "experiments/run --only p --workers 1,2 --out build/again")
        self.assertEqual(repeat.workload_command({**report, "run": {"options": ["--peers"]}}, {"id": "job"}),
                         "experiments/run --only p --workload job --peers")

    def test_other_runtimes_are_one_click_from_their_programs(self):
        def links(page, definition, *names):
            return sources.peers_links(page, definition, {"id": "job", "contenders": [{"name": name} for name in names]}, "home")
        self.assertEqual(links("switch", {}, "coroutine", "Go, Gosched", "Golem"), "[Go](home/peers/go/main.go)")
        self.assertEqual(links("io", {}, "Go", "Asio"), "[Go](home/peers/go/echo.go), [Asio](home/peers/cpp/asio_echo.cpp)")
        self.assertEqual(links("switch", {}, "coroutine"), "")
        files = {"go/one.go": ["job*"], "go/two.go": ["*"], "rust/src/one.rs": ["other"]}
        self.assertEqual(links("switch", {"peers_code": files}, "Go", "Tokio"), "[Go](home/peers/go/one.go), [Tokio](home/peers/rust/src/main.rs)")

    def test_every_program_of_another_runtime_is_there(self):
        for files in (sources.PEERS, *sources.SERVERS.values()):
            for name in files.values():
                self.assertTrue((places.EXPERIMENTS / "peers" / name).is_file(), name)

    def test_a_page_names_the_file_that_has_a_peers_workload(self):
        for place in sorted(places.EXPERIMENTS.glob("*/page.json")):
            definition = written.page(place.parent.name)
            data = places.ROOT / "reports" / "data" / f"{place.parent.name}.json"
            works = json.loads(data.read_text(encoding="utf-8"))["workloads"] if data.exists() else []
            for file, names in definition.get("peers_code", {}).items():
                with self.subTest(place.parent.name, file=file):
                    self.assertTrue((places.EXPERIMENTS / "peers" / file).is_file())
                    self.assertTrue(any(fnmatch.fnmatchcase(work["id"], name) for work in works for name in names) or not works)


class parts_of_pages(unittest.TestCase):
    def test_colours_stand_out(self):
        for scheme in (0, 1):
            page_colour, panel = palette.PAGE["page"][scheme], palette.PAGE["panel"][scheme]
            for name in ("ink", "soft", "link", "holds", "partly", "fails"):
                for behind in (page_colour, panel):
                    self.assertGreaterEqual(palette.contrast(palette.PAGE[name][scheme], behind), 4.5, name)
            for pair in palette.SERIES:  # Lines and marks, of which 3 is asked.
                self.assertGreaterEqual(palette.contrast(pair[scheme], page_colour), 3, pair)

    def test_a_family_has_its_colours_on_every_page(self):
        self.assertEqual(palette.colours(["coroutine", "fiber", "thread", "Go", "Tokio"]), [0, 4, 8, 10, 11])
        self.assertEqual(palette.colours(["Go, Gosched", "fiber yield", "coroutine yield"]), [10, 4, 0])
        self.assertEqual(palette.colours(["bare threads in C", "stackless, epoll, own thread"]), [8, 0])

    def test_series_differ_in_more_than_colour(self):
        marks = {re.sub(r"\b[sf]0\b", "", svg.marker(i, 0, 5, 5)) + ("hollow" if i >= 4 else "") for i in range(8)}
        self.assertEqual(len(marks), 8)
        self.assertEqual(len(set(svg.DASHES)), 8)

    def test_markup_in_words_stays_text(self):
        made = markdown.to_html("a <b> & `x<y>` **fat**", None)
        self.assertEqual(made, "<p>a &lt;b&gt; &amp; <code>x&lt;y&gt;</code> <strong>fat</strong></p>")

    def test_code_keeps_backticks_and_stars(self):
        self.assertEqual(markdown.to_html("`` a`b **c** ``", None), "<p><code>a`b **c**</code></p>")

    def test_tables_have_heads_and_sides(self):
        made = markdown.to_html("## Numbers\n\n| what | n |\n|---|---:|\n| x | 1 |", None)
        self.assertIn('<th scope="col" class="number">n</th>', made)
        self.assertIn('<th scope="row">x</th><td class="number">1</td>', made)
        self.assertIn('aria-label="Numbers: table"', made)

    def test_lists_headings_and_blocks_of_code(self):
        made = markdown.to_html("# A b\n\n- one\n- two\n  more\n\n```\nx\n\ny\n```", None)
        self.assertEqual(made, '<h1 id="a-b">A b</h1>\n\n<ul><li>one</li><li>two   more</li></ul>\n<pre><code>x\n\ny</code></pre>')

    def test_links_between_reports_lead_to_html(self):
        self.assertEqual(web.linked('<a href="memory.md#claim-1">m</a><a href="x.md">x</a>', {"memory": ""}),
                         '<a href="memory.html#claim-1">m</a><a href="x.md">x</a>')

    def test_numbers_never_turn_into_powers_of_ten(self):
        self.assertEqual([numbers.shown(v) for v in (999.4, 999.6, 0.1234, 12345)], ["999", "1,000", "0.123", "12,345"])

    def test_a_contender_without_the_further_figure_is_not_drawn(self):
        work = {"id": "job", "size": 1.0, "contenders": [{"name": "a", "also": {"k": 2.0}}, {"name": "b"}]}
        chart = {"kind": "bars", "workloads": ["job"], "figure": "k", "title": "T", "x": "us", "file": "f.svg"}
        files, _ = charts.make({"workloads": [work]}, {"charts": [chart]})
        self.assertNotIn(">b</text>", files["f.svg"])

    def test_what_was_measured_in_the_same_rounds_and_what_once_more_is_told(self):
        def work(identity, title, turns="t", **more):
            return {"id": identity, "title": title, "in_turns": turns, "repetitions": 3, "warm_up": 1, **more}
        first = work("a", "A", repeated=[{"name": "Go", "repetition": 2, "reason": "it ended."}, {"name": "Lua", "repetition": 0, "reason": "x"}])
        report = {"workloads": [first, work("a", "A"), work("b", "B"), work("c", "C", "other"), work("d", "D", "")]}
        self.assertEqual(taking.sentences(first, report),
                         "3 repetitions in turn, after 1 that did not count, in the same rounds as: its other sizes; B. Go failed in "
                         "repetition 2 and was measured once more: it ended. Lua failed in the warm-up and was measured once more: x.")
        self.assertEqual(taking.sentences(report["workloads"][4], report), "3 repetitions in turn, after 1 that did not count.")
        self.assertEqual(taking.sentences({**report["workloads"][4], "parts": 2}, report),
                         "3 repetitions in turn, 2 parts of them at different times, each after 1 that did not count.")

    def test_refused_contenders_stand_in_the_table_with_their_reason(self):
        report = {"id": "p", "quick": True, "machine": {"date": "d"}, "facts": {"n": 1}, "workloads": [
            {"id": "job", "size": 2.0, "unit": "ns", "repetitions": 3, "warm_up": 0, "contenders": [],
             "refused": [{"name": "Go", "reason": "no, \"really\""}]}]}
        rows = list(csv.DictReader(io.StringIO(table_csv.make(report, {"sizes": {"job": "tasks"}}))))
        self.assertEqual(rows[0]["note"], 'not measured here: no, "really"')
        self.assertEqual((rows[1]["path"], rows[1]["median"]), ("p/!n", "1"))

    def test_the_table_has_the_repetitions_of_each_contender_and_the_intervals_of_its_further_figures(self):
        report = {"id": "p", "quick": False, "machine": {"date": "d"}, "facts": {}, "workloads": [
            {"id": "job", "size": 2.0, "unit": "ns", "repetitions": 9, "warm_up": 0, "contenders": [
                {"name": "slow", "median": 2.0, "least": 1.0, "most": 3.0, "samples": [1.0, 2.0, 3.0], "also": {"cold": 4.0, "faults": 0.0},
                 "also_interval": {"cold": [3.5, 5.0]}}]}]}
        first, cold, faults = csv.DictReader(io.StringIO(table_csv.make(report, {})))
        self.assertEqual((first["repetitions"], first["low"], first["high"]), ("3", "1", "3"))
        self.assertEqual((cold["repetitions"], cold["low"], cold["high"]), ("3", "3.5", "5"))
        self.assertEqual((faults["median"], faults["low"]), ("0", ""))


if __name__ == "__main__":
    unittest.main()
