# Checks the check of commit messages: what it lets pass, and what it says of the others.
import unittest

import commits


class Messages(unittest.TestCase):
    def said(self, message):
        return " / ".join(commits.problems(message))

    def test_a_part_an_imperative_and_a_reason_pass(self):
        self.assertEqual(self.said("sched: wake one worker for many tasks\n\nA wake costs a system call.\n"), "")
        self.assertEqual(self.said("drivers, io: move files to rooms\n"), "")

    def test_git_comments_do_not_count(self):
        self.assertEqual(self.said("io: add a call\n# Please enter the commit message\n"), "")

    def test_long_subjects_are_refused(self):
        self.assertIn("more than 72", self.said("io: add " + "x" * 70))

    def test_the_part_in_front_is_from_the_list(self):
        self.assertIn("no part in front", self.said("mend a leak"))
        self.assertIn("no part in front (kernel)", self.said("kernel: mend a leak"))

    def test_other_forms_of_verbs_are_refused(self):
        for word in ("adds", "added", "adding"):
            self.assertIn("no imperative", self.said(f"io: {word} a call"))
        for word in ("pass", "bring", "address", "need"):
            self.assertEqual(self.said(f"io: {word} a call"), "")

    def test_the_second_line_is_empty(self):
        self.assertIn("second line", self.said("io: add a call\nwith a body"))

    def test_no_full_stop(self):
        self.assertIn("full stop", self.said("io: add a call."))


if __name__ == "__main__":
    unittest.main()
