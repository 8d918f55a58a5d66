# Checks that the code of each workload is where its page says: that a linked file has a function that the code calls which
# adds the workload, or is the program that it starts.
#   ./python -m tests.sources_test
import json
import posixpath
import re
import unittest

from base import places, written
from runs import sources
from texts import page

WORD, FILE = re.compile(r"\w+"), re.compile(r"[\w./]+")
DEFINED = re.compile(r"^(?![#/} ])[^=;(\n]*?\b(\w+)\(", re.MULTILINE)  # Functions, in the first column.
MEMBERS = re.compile(r"^(?![#/} ])[^=;(\n]*?\b(\w+)::\w+\(", re.MULTILINE)
TARGET = re.compile(r"add_executable\((\w+) ([^)]*)\)")
PROGRAM = re.compile(r"\"(\w+)=\\\"\$<TARGET_FILE:(\w+)>")


def text_of(path):
    return path.read_text(encoding="utf-8")


def definitions():
    return {path.parent.name: written.page(path.parent.name) for path in sorted(places.EXPERIMENTS.glob("*/page.json"))}


def parts_of(text):
    """{name: the text} of the functions of a file, each until the next begins in the first column."""
    found = list(DEFINED.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return {one[1]: text[one.start():end] for one, end in zip(found, ends)}


def called_for(path, workload):
    """The words of the functions that name the workload, and of all in their file that they call."""
    text = text_of(path)
    parts = parts_of(text)
    length = next(n for n in range(len(workload), 0, -1) if re.search(f'"{workload[:n]}_?"', text))
    words, todo = set(), [part for part in parts.values() if re.search(f'"{workload[:length]}_?"', part)]
    while todo:
        new = set(WORD.findall(todo.pop())) - words
        words |= new
        todo += [parts[name] for name in new if name in parts]
    return words


def programs_of(name):
    """{file, as page.json names it: the words of the page's code that stand for its program}, also of another page's."""
    builds = {build.parent.name: text_of(build) for build in places.EXPERIMENTS.glob("*/CMakeLists.txt")}
    files = {target: [f"{page}/{file}" for file in FILE.findall(listed)] for page, text in builds.items() for target, listed in TARGET.findall(text)}
    found = {}
    for macro, target in PROGRAM.findall(builds.get(name, "")):
        example = [f"../examples/{target.removeprefix('example_')}.cpp"] if target.startswith("example_") else []
        for file in files.get(target, example):
            found.setdefault(file, set()).add(macro)
    return found


class links(unittest.TestCase):
    def workloads(self):
        """(page, definition, workload) of the committed figures and of what the pages name."""
        for name, definition in definitions().items():
            data = places.ROOT / "reports" / "data" / f"{name}.json"
            measured = [work["id"] for work in json.loads(text_of(data))["workloads"]] if data.exists() else []
            named = [one for several in definition["code"].values() for one in several if "*" not in one]
            for workload in dict.fromkeys([*measured, *named, *definition["sizes"]]):
                yield name, definition, workload

    def test_every_workload_has_its_files_and_one_of_them_adds_it(self):
        for name, definition, workload in self.workloads():
            with self.subTest(f"{name}/{workload}"):
                files = [(places.EXPERIMENTS / file).resolve() for file in sources.files_of(definition, workload)]
                self.assertTrue(files)
                self.assertTrue(all(file.is_file() for file in files), files)
                self.assertTrue(set(files) & set(sources.naming(name, workload)))

    def test_the_others_have_what_the_workload_calls(self):
        for name, definition, workload in self.workloads():
            adding = sources.naming(name, workload)
            linked = sources.files_of(definition, workload)
            words = set().union(*[called_for(path, workload) for path in adding if posixpath.relpath(path, places.EXPERIMENTS) in linked])
            for file in linked:
                path = (places.EXPERIMENTS / file).resolve()
                if path in adding:
                    continue
                with self.subTest(f"{name}/{workload}", file=file):
                    has = {*DEFINED.findall(text_of(path)), *MEMBERS.findall(text_of(path))} if file not in programs_of(name) else programs_of(name)[file]
                    self.assertTrue(has & words, (sorted(has), sorted(words)))

    def test_no_file_that_does_its_work_is_left_out(self):
        bare = places.EXPERIMENTS / "harness" / "bare_ring.cpp"
        for name, definition, workload in self.workloads():
            linked = {(places.EXPERIMENTS / file).resolve() for file in sources.files_of(definition, workload)}
            words = set().union(*[called_for(path, workload) for path in linked & set(sources.naming(name, workload))])
            headers = [*(places.EXPERIMENTS / name).glob("*.hpp"), bare.with_suffix(".hpp")]
            declared = set(re.findall(r"^\[\[nodiscard\]\] sample (\w+)\(", "\n".join(map(text_of, headers)), re.MULTILINE))
            for path in [*(places.EXPERIMENTS / name).glob("*.cpp"), bare]:
                offered = declared & set(DEFINED.findall(text_of(path)))
                with self.subTest(f"{name}/{workload}", file=path.name):
                    self.assertTrue(path in linked or not offered & words, offered & words)

    def test_what_another_workload_calls_does_not_do(self):
        """The links that were wrong before pages named their files."""
        for workload, file in (("concurrent", "let_go.cpp"), ("let_go", "tasks.cpp"), ("million", "threads.cpp")):
            path = places.EXPERIMENTS / "spawn" / file
            self.assertFalse(set(DEFINED.findall(text_of(path))) & called_for(places.EXPERIMENTS / "spawn" / "main.cpp", workload), (workload, file))

    def test_they_are_written_from_the_folder_of_the_reports(self):
        definition = {"code": {"p/one.cpp": ["a", "b*"], "../examples/two.cpp": ["*"]}}
        self.assertEqual(sources.links(definition, "a", "../experiments"),
                         "[experiments/p/one.cpp](../experiments/p/one.cpp), [examples/two.cpp](../examples/two.cpp)")
        self.assertEqual(sources.files_of(definition, "bc"), ["p/one.cpp", "../examples/two.cpp"])
        self.assertEqual(sources.files_of(definition, "c"), ["../examples/two.cpp"])

    def test_a_page_without_such_names_leads_to_its_folder(self):
        report = {"id": "p", "quick": False, "machine": {}, "workloads": [{"id": "job", "title": "job", "unit": "ns", "size": 1, "repetitions": 1, "warm_up": 0,
                                                           "contenders": []}]}
        self.assertIn("Code: [experiments/p](../experiments/p).", page.results(report, {}, "../experiments"))


if __name__ == "__main__":
    unittest.main()
