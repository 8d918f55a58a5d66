# Checks that a misspelt key in what is written by hand is refused with its file and its place.
#   ./python -m tests.written_test
import json
import pathlib
import tempfile
import unittest

from base import places, written
from judge import claims


class keys(unittest.TestCase):
    def test_all_that_is_committed_is_read(self):
        for page in places.EXPERIMENTS.glob("*/page.json"):
            self.assertTrue(written.page(page.parent.name)["title"])
        self.assertTrue(claims.load() and written.tables() and written.contradictions() and written.summary())

    def test_a_misspelt_key_is_refused_wherever_it_stands(self):
        chart = {"kind": "bars", "workload": ["a"]}
        self.assertEqual([where for where, _ in written.unknown({"titel": "T", "charts": [{"kind": "bars"}, chart]}, written.PAGE)],
                         ["titel", "charts[1].workload"])
        self.assertEqual([where for where, _ in written.unknown([{"rule": {"hold": "a < 1"}}], written.CLAIMS)], ["[0].rule.hold"])
        self.assertEqual([where for where, _ in written.unknown([{"sayings": [{"qotation": "x"}]}], written.CONTRADICTIONS)],
                         ["[0].sayings[0].qotation"])

    def test_names_of_the_writers_own_are_free(self):
        self.assertEqual(written.unknown({"sizes": {"any": "tasks"}, "code": {"a.cpp": ["b"]}}, written.PAGE), [])
        self.assertEqual(written.unknown([{"resolution": "words", "derived": {"any": "a / b"}}], written.CONTRADICTIONS), [])

    def test_the_file_the_place_and_what_is_known_are_named(self):
        with tempfile.TemporaryDirectory() as made:
            file = pathlib.Path(made) / "claims.json"
            file.write_text(json.dumps([{"id": 1, "rule": {"hold": "a"}}]), encoding="utf-8")
            with self.assertRaises(SystemExit) as refused:
                written.load(file, written.CLAIMS)
        self.assertEqual(str(refused.exception), f"{file}: [0].rule.hold is a key that nobody reads; known there: holds, partly")


if __name__ == "__main__":
    unittest.main()
