# Checks that the rooms of the report import downward only and in no circle, and that the check finds what is not so.
#   ./python -m tests.rooms_test
import ast
import pathlib
import tempfile
import unittest

from base import places

ROOMS = ["base", "runs", "judge", "draw", "texts"]  # The lowest first. Commands lie above, and tests above those.


def modules_of(folder):
    """{"room.module" or "command": its imports, as [(line, "room.module" or "command")]} of all but the tests."""
    found = {}
    for file in [*folder.glob("*.py"), *(file for room in ROOMS for file in (folder / room).glob("*.py"))]:
        name = ".".join(file.relative_to(folder).with_suffix("").parts)
        found[name] = []
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                within = [f"{node.module}.{one.name}" for one in node.names]
                found[name] += [(node.lineno, node.module if "." in (node.module or "") else one) for one in within]
            elif isinstance(node, ast.Import):
                found[name] += [(node.lineno, one.name) for one in node.names]
    return found


def height(module):
    """Of a module's room; commands are above all rooms."""
    room, dot, _ = module.partition(".")
    return ROOMS.index(room) if dot else len(ROOMS)


def circle_from(module, imports, way=()):
    """The way from a module back to itself, or ()."""
    if module in way:
        return (*way[way.index(module):], module)
    found = (circle_from(other, imports, (*way, module)) for _, other in imports[module] if other in imports)
    return next(filter(None, found), ())


def faults(folder):
    imports = modules_of(folder)
    found = []
    for module, several in imports.items():
        for line, other in several:
            if other.split(".")[0] == "tests" or (other in imports and height(other) > height(module)):
                found.append(f"{module}:{line} imports {other}, which is above it; move what both need down")
            elif other in imports and height(other) == len(ROOMS):
                found.append(f"{module}:{line} imports {other}, which is a command; move what both need into a room")
            elif "." not in other and any(f"{room}.{other}" in imports for room in ROOMS):
                found.append(f"{module}:{line} imports {other} without its room")
    circles = {frozenset(way): " imports ".join(way) for module in sorted(imports) if (way := circle_from(module, imports))}
    return found + list(circles.values())


class rooms(unittest.TestCase):
    def test_they_import_downward_and_in_no_circle(self):
        self.assertEqual(faults(places.REPORT), [])

    def test_nothing_but_a_room_is_a_folder_with_modules(self):
        self.assertEqual({file.parent.name for file in places.REPORT.glob("*/*.py")}, {*ROOMS, "tests"})

    def test_what_is_not_so_is_found(self):
        with tempfile.TemporaryDirectory() as made:
            folder = pathlib.Path(made)
            for file, words in {"make.py": "from texts import page\n", "base/numbers.py": "from judge import rules\n",
                                "judge/rules.py": "from judge import rounds\nimport page\n", "judge/rounds.py": "from judge.rules import any\n",
                                "texts/page.py": "import make\nfrom tests import rooms_test\nimport json\n"}.items():
                (folder / file).parent.mkdir(exist_ok=True)
                (folder / file).write_text(words, encoding="utf-8")
            said = "\n".join(faults(folder))
        for words in ("base.numbers:1 imports judge.rules, which is above it", "judge.rules:2 imports page without its room",
                      "texts.page:1 imports make, which is above it", "texts.page:2 imports tests.rooms_test, which is above it"):
            self.assertIn(words, said)
        self.assertIn("judge.rules imports judge.rounds imports judge.rules", said)


if __name__ == "__main__":
    unittest.main()
