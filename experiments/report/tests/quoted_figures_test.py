# Checks that every measured number of README.md, and of the pages of the docs that quote some, equals the newest committed
# report, and that the check finds what is not.
#   ./python -m tests.quoted_figures_test
import unittest

import quoted_figures
from base import places

REPORTS = {"page": {"facts": {"count": 3}, "workloads": [{"id": "job", "size": 10.0, "contenders": [
    {"name": "ours, bare", "median": 1234.5}, {"name": "theirs", "median": 24.69}]}]}}


def found(text):
    return quoted_figures.problems(text, REPORTS)


class quotations(unittest.TestCase):
    def test_what_the_pages_say_is_what_the_reports_say(self):
        reports = quoted_figures.load(places.ROOT / "reports" / "data")
        quoted = 0
        for name in places.QUOTING:
            with self.subTest(name):
                text = (places.ROOT / name).read_text(encoding="utf-8")
                self.assertEqual(quoted_figures.problems(text, reports), [])
                self.assertTrue(quoted_figures.MARKED.search(text) or quoted_figures.STATED.search(text))
                quoted += len(quoted_figures.MARKED.findall(text))
        self.assertGreater(quoted, 20)

    def test_a_page_of_the_books_that_quotes_is_among_those_that_are_compared(self):
        for page in (places.ROOT / "docs").rglob("*.md"):
            text = quoted_figures.CODE.sub("", page.read_text(encoding="utf-8"))
            if quoted_figures.MARKED.search(text) or quoted_figures.STATED.search(text):
                self.assertIn(str(page.relative_to(places.ROOT)), places.QUOTING)

    def test_figures_facts_and_quotients(self):
        self.assertEqual(found("<!-- figure: page/job@10/ours, bare -->1,234 ns"), [])
        self.assertEqual(found("takes <!-- figure: page/!count -->3 things"), [])
        self.assertEqual(found("<!-- figure: page/job@10/ours, bare over page/job@10/theirs -->50 times"), [])

    def test_an_old_number_is_found_with_its_line_and_remedy(self):
        problem, = found("one\n\n<!-- figure: page/job@10/theirs -->24.6 ns")
        self.assertTrue(problem.startswith("3: page/job@10/theirs is 24.7 in the newest report and 24.6 here"))
        self.assertIn("--write", problem)

    def test_a_marker_without_its_number_is_found(self):
        self.assertIn("nothing here", found("<!-- figure: page/job@10/theirs --> ns")[0])

    def test_a_figure_of_no_report_is_found(self):
        self.assertIn("is in no report", found("<!-- figure: page/job@10/nobody -->5 ns")[0])
        self.assertIn("is in no report", found("<!-- figure: elsewhere/job@10/ours -->5 ns")[0])

    def test_a_measured_number_without_a_marker_is_found(self):
        for words in ("takes 5 ns", "in 2.5 us.", "12 times a coroutine", "about 30 % more", "a\n40 s"):
            self.assertEqual(len(found(words)), 1, words)

    def test_other_numbers_may_stand(self):
        for words in ("a stack of 64 KiB", "GCC 12", "`sleep 5 s`", "```\n5 ns\n```", "10 sockets", "    time 5 s",
                      "<!-- stated: the tick -->65.5 us", "<!-- stated: below -->3.5 to 4.5 s"):
            self.assertEqual(found(words), [], words)

    def test_writing_brings_all_of_them_up_to_date(self):
        text = "<!-- figure: page/job@10/theirs -->1 ns, <!-- figure: page/job@10/nobody -->7 ns, <!-- figure: page/!count --> x"
        self.assertEqual(quoted_figures.written(text, REPORTS),
                         "<!-- figure: page/job@10/theirs -->24.7 ns, <!-- figure: page/job@10/nobody -->7 ns, <!-- figure: page/!count -->3 x")


if __name__ == "__main__":
    unittest.main()
