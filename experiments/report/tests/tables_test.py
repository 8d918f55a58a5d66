# Checks that every printed row of tables.json stands in its document, that no table leaves a row of it out, that no number
# of today was typed, and what becomes of figures that there are not.
#   ./python -m tests.tables_test [SEEDS_FOLDER]
# The folder with the documents may also be in BIFILAR_SEEDS or at ../shared/seeds; without it the printed rows are skipped.
import pathlib
import re
import sys
import unittest

import make
from base import written
from judge import claims as all_claims
from runs import sources
from tests import documents
from texts import index, tables

SEEDS = None  # The folder with the documents.
NAMES = re.compile(r"x86-64|aarch64|wasm32")  # Words with digits that are no figures.
REPORTS = {"page": {"facts": {"works": 1}, "refused_facts": {"carried": "no compiler"}, "workloads": [
    {"id": "job", "size": 10000.0, "contenders": [{"name": "ours", "median": 2000.0, "also": {"total_mb": 3.0}}],
     "refused": [{"name": "tired", "reason": "no memory"}]}]}}
CLAIMS = [{"id": 7, "cannot": {"Zig": "no compiler of it"}}]


def entry(*rows, **more):
    return {"id": "t", "title": "T", "document_name": "D", "head": "| A | B |", "today": ["now"], "note": "N.", "rows": list(rows), **more}


class parts(unittest.TestCase):
    def made(self, *rows, **more):
        return tables.section(entry(*rows, **more), CLAIMS, REPORTS)

    def test_todays_columns_stand_beside_the_printed_ones(self):
        text = self.made({"printed": "| a | ~1 `b` |", "today": ["{page/job@10000/ours|ns} each"]})
        self.assertIn("| A | B | today: now |\n|---|---|---|\n| a | ~1 `b` | 2,000 ns each |", text)
        self.assertIn("Figures, with their intervals and their code: [page](page.md).", text)

    def test_columns_of_figures_alone_are_set_as_numbers(self):
        rows = {"printed": "| a | 1 |", "today": ["{page/job@10000/ours|ns}", "about {page/job@10000/ours|ns}"]}, {"printed": "| b | 2 |",
                "today": ["", "no figure"]}
        self.assertIn("|---|---|---:|---|\n", self.made(*rows, today=["now", "then"]))

    def test_totals_sizes_and_facts(self):
        words = ["{page/job@10000/ours|total}", "{page/job@10000/ours|total_bytes}", "{page/job@10000/nobody|size}",
                 "{page/job@10000/ours#total_mb|mb}", "{page/!works|yes}", "{page/job@10000/ours|half}"]
        self.assertEqual([tables.filled(one, REPORTS, []) for one in words],
                         ["20 ms", "19.1 MiB", "10,000", "3 MB", "yes", "1,000 ns"])

    def test_a_row_that_cannot_be_had_stays_with_the_reason_of_the_claim(self):
        text = self.made({"printed": "| Zig | 2 |", "absent": {"claim": 7, "part": "Zig"}}, today=["now", "then"])
        self.assertIn(f"| Zig | 2 | {tables.ABSENT} |  |", text)
        self.assertIn("- Zig: no compiler of it.", text)

    def test_missing_figures_are_said_and_the_rest_of_the_cell_stays(self):
        text = self.made({"printed": "| a | 1 |", "today": ["{page/job@10000/tired|ns} or {page/job@10000/ours|ns}"]},
                         {"printed": "| b | 1 |", "today": ["{page/job@10000/nobody|ns}, {page/!carried|count}"]})
        self.assertIn("| a | 1 | not here or 2,000 ns |", text)
        self.assertIn("| b | 1 | not in this run, not here |", text)
        self.assertIn("- Not here: tired, 10,000: no memory.\n- Not here: carried: no compiler.", text)
        self.assertIn("- Not in this run: 1 of its figures; the first: `page/job@10000/nobody`.", text)

    def test_rows_beside_the_documents_have_nothing_printed(self):
        self.assertIn("| ours |  | 2,000 ns |", self.made({"beside": "ours", "today": ["{page/job@10000/ours|ns}"]}))

    def test_lines_of_a_list_lose_their_marks(self):
        self.assertEqual(tables.cells_of(["### 1. `a`", "- Stack: ~2 MB - or so"]), ["1. `a`", "Stack: ~2 MB - or so"])


class committed(unittest.TestCase):
    def setUp(self):
        self.entries = written.tables()
        self.claims = all_claims.load()

    def each_row(self):
        return [(one["title"], row, one) for one in self.entries for row in one["rows"]]

    def test_no_number_of_today_is_typed(self):
        for title, row, one in self.each_row():
            for words in [*row.get("today", []), *one["today"]]:
                with self.subTest(title, words=words):
                    self.assertNotRegex(NAMES.sub("", tables.TEMPLATE.sub("", words)), r"[\d{}]")

    def test_every_row_fills_its_columns(self):
        for title, row, one in self.each_row():
            with self.subTest(title, row=row.get("printed", row.get("beside"))):
                self.assertEqual(("absent" in row) + ("today" in row), 1)
                cells, _ = tables.row(row, one, self.claims, {}, [])
                self.assertEqual(len(cells), len(tables.cells_of(one["head"])) + len(one["today"]))
                self.assertTrue(all(cell.count("|") == 0 for cell in cells))

    def test_figures_are_of_workloads_that_there_are(self):
        for one in self.entries:
            for path in tables.paths_of(one):
                name, rest = path.split("/", 1)
                with self.subTest(one["title"], path=path):
                    self.assertIn(name, index.PAGES)
                    self.assertTrue(rest.startswith("!") or tables.SIZE.match(path))
                    self.assertTrue(rest.startswith("!") or sources.naming(name, rest.split("@")[0]))

    def test_every_format_is_known(self):
        for title, row, one in self.each_row():
            for words in [*row.get("today", []), *one["today"]]:
                for path, form in tables.TEMPLATE.findall(words):
                    with self.subTest(title, words=words):
                        self.assertIn(form, {**tables.FORMATS, **tables.SIZES})
                        if form in tables.SIZES or form.startswith("total"):
                            self.assertGreater(tables.size_of(path), 0)

    def test_every_reason_of_a_claim_is_there(self):
        for title, row, _ in self.each_row():
            for key in ("absent", "lacking"):
                if key in row:
                    self.assertTrue(tables.reason_of(row[key], self.claims), title)

    def test_the_page_is_made_without_any_figure(self):
        text = tables.make(self.entries, self.claims, {})
        self.assertEqual(text.count("\n## "), len(self.entries))

    def test_eighteen_operations(self):
        self.assertEqual([len(one["rows"]) for one in self.entries if one["id"] == "operations"], [18])

    def test_printed_rows_stand_in_their_documents(self):
        if SEEDS is None:
            self.skipTest("the documents are not here; name their folder in BIFILAR_SEEDS")
        for one in self.entries:
            if "document" not in one:
                continue
            text = (SEEDS / one["document"]).read_text(encoding="utf-8")
            flowing, lines = " ".join(text.split()), text.split("\n")
            for row in one["rows"]:
                with self.subTest(one["title"], row=row.get("printed")):
                    if isinstance(row.get("printed"), list):
                        self.assertTrue(all(" ".join(words.split()) in flowing for words in row["printed"]))
                    elif "printed" in row:
                        self.assertIn(row["printed"], lines)
            self.check_whole(one, lines)

    def check_whole(self, one, lines):
        """All rows of the document's table, in its order."""
        printed = [row["printed"] for row in one["rows"] if isinstance(row.get("printed"), str)]
        if not printed:
            return
        start = lines.index(one["head"]) + 2 if isinstance(one["head"], str) else lines.index(printed[0])
        found = []
        while start < len(lines) and lines[start].startswith("|"):
            found.append(lines[start])
            start += 1
        self.assertEqual(printed, found, one["title"])


if __name__ == "__main__":
    if len(sys.argv) > 1 and pathlib.Path(sys.argv[-1]).is_dir():
        SEEDS = documents.folder([sys.argv.pop()])
    else:
        SEEDS = documents.folder()
    unittest.main()
