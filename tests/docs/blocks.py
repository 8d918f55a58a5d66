"""Takes the C++ blocks out of Markdown pages and writes sources that compile them.

blocks.py <root> <folder> [--each] [--first] [--together N]
    Writes <folder>/<page>.cpp for each page with blocks, and prints the names of what it wrote. With --each, every
    program is a source of its own, as a reader would have it, and what is no program is left out. With --first, only
    the pages that are read first; with --together, so many pages share a source, which is faster.

A block that begins with ```cpp is compiled (```c++ is somebody else's library, and is not). A block with `int main` is a
program; an ```output block right behind it is what it prints. Comments in front of a block say what a reader need not see:

    <!-- body: coroutine -->    the block is statements of a coroutine; "function": of a plain function
    <!-- given: CODE -->        declarations that the block uses
    <!-- continues -->          the block goes on where the block before it ended: they are one program
    <!-- arguments: --x 1 -->   what the program is started with
"""
import json
import pathlib
import re
import subprocess
import sys

COMMENT = re.compile(r"<!--\s*(body|given|continues|arguments)\s*(?::\s*(.*?))?\s*-->", re.S)
FENCE = re.compile(r"^( *)(`{3,})(\S*)[^\n]*\n(.*?)^\1\2[ \t]*$", re.S | re.M)
FIRST = re.compile(r"README\.md|docs/tutorial/.*")
PREAMBLE = """// Written by tests/docs/blocks.py from {page}.
#include "docs_program.hpp"
"""
# What a source needs beside bifilar, by what it includes.
NEEDS = {"bifilar/tls/": "tls", "libpq-fe.h": "libpq", "curl/curl.h": "libcurl"}


class block:
    def __init__(self, line, code, marks):
        self.parts = [(line, code)]
        self.body = marks.get("body")
        self.given = marks.get("given", "")
        self.arguments = marks.get("arguments", "").split()
        self.output = None

    def code(self):
        return "\n".join(code for _, code in self.parts)

    def is_program(self):
        return re.search(r"^int main\(", self.code(), re.M) is not None


def read(page, text):
    """The blocks of a page. Ends with a message where a mark is none, or stands before no block."""
    found, marks, last, after = [], {}, 0, None
    for fence in FENCE.finditer(text):
        between = text[last:fence.start()]
        for mark in COMMENT.finditer(between):
            marks[mark.group(1)] = mark.group(2) or ""
        line = text.count("\n", 0, fence.start(4)) + 1
        language = fence.group(3)
        indented = fence.group(1)
        code = "\n".join(row.removeprefix(indented) for row in fence.group(4).split("\n"))
        if language == "cpp":
            if "continues" in marks:
                if after is None:
                    sys.exit(f"{page}:{line}: 'continues' stands before the first block of the page")
                if len(marks) > 1:
                    sys.exit(f"{page}:{line}: a block that continues has marks of its own; put them before the first one")
                after.parts.append((line, code))
            else:
                if marks.get("body") not in (None, "coroutine", "function"):
                    sys.exit(f"{page}:{line}: the body '{marks['body']}' is neither coroutine nor function")
                after = block(line, code, marks)
                found.append(after)
            marks = {}
        elif language == "output":
            if after is None or not after.is_program() or between.strip().count("\n") > 6:
                sys.exit(f"{page}:{line}: an output block stands behind no program")
            after.output = code
        elif marks:
            sys.exit(f"{page}:{line}: the mark '{next(iter(marks))}' stands before a block that is not compiled")
        last = fence.end()
    return found


def ended_main(code):
    """The code with main named otherwise, and with the `return 0` that only main may leave out."""
    start = re.search(r"^int main\(", code, re.M)
    depth, at, quote = 0, code.index("{", start.end()), None
    while True:
        character = code[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = None
        elif code.startswith("//", at):
            at = code.index("\n", at)
            continue
        elif character == '"' or (character == "'" and not code[at - 1].isalnum()):
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                break
        at += 1
    return code[:start.start()] + "int program_main(" + code[start.end():at] + "return 0; " + code[at:]


def lifted(page, line, code):
    """(the #include lines, the rest with the number of each line kept)"""
    includes, rest = [], [f'#line {line} "{page}"']
    for row in code.split("\n"):
        if re.match(r"\s*#\s*include\b", row):
            includes.append(row)
            row = ""
        elif re.match(r"\s*#\s*pragma\s+once\b", row):  # Of a header that is shown.
            row = ""
        rest.append(row)
    return includes, "\n".join(rest)


def source(page, name, blocks):
    """(the #include lines, the rest) of all blocks of a page that need the same libraries, each in a namespace."""
    all_includes, bodies = [], []
    for number, one in enumerate(blocks, 1):
        text = []
        for line, code in one.parts:
            includes, rest = lifted(page, line, code)
            all_includes += [i for i in includes if i not in all_includes]
            text.append(rest)
        includes, given = lifted(page, one.parts[0][0], one.given)
        all_includes += [i for i in includes if i not in all_includes]
        code = "\n".join(text)
        if one.body == "coroutine":
            code = "[[maybe_unused]] bf::task<void> body() {\n" + code + "\nco_return;\n}"
        elif one.body == "function":
            code = "[[maybe_unused]] void body() {\n" + code + "\n}"
        if one.is_program():
            code = ended_main(code) + f'\nconst docs_program here{{"{name}_{number}", program_main}};'
        bodies.append(f"namespace {name}_{number} {{\n{given}\n{code}\n}}")
    return all_includes, "\n".join(bodies)


def need_of(one):
    text = one.given + one.code()
    return next((need for part, need in NEEDS.items() if part in text), "")


def pages_of(root):
    listing = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "README.md", "CONTRIBUTING.md",
                              "docs"], capture_output=True, text=True)
    names = listing.stdout.split() if listing.returncode == 0 else []
    if not names:
        names = ["README.md", *(str(p.relative_to(root)) for p in (root / "docs").rglob("*.md"))]
    return sorted(name for name in names if name.endswith(".md") and (root / name).is_file())


def main():
    root, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    each = "--each" in sys.argv
    together = int(sys.argv[sys.argv.index("--together") + 1]) if "--together" in sys.argv else 1
    folder.mkdir(parents=True, exist_ok=True)
    written, programs, sources = [], [], {}

    def write(file, text):
        written.append(file)
        path = folder / file
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)

    for page in pages_of(root):
        if "--first" in sys.argv and not FIRST.fullmatch(page):
            continue
        name = re.sub(r"\W", "_", page.removesuffix(".md").removeprefix("docs/"))
        kinds = {}
        for one in read(page, (root / page).read_text()):
            kinds.setdefault(need_of(one), []).append(one)
        for need, blocks in sorted(kinds.items()):
            stem = f"{name}.{need}" if need else name
            inner = f"{name}_{need}" if need else name
            if each:
                for number, one in enumerate(blocks, 1):
                    if one.is_program():
                        write(f"{stem}.{number}.cpp", f'#line {one.parts[0][0]} "{page}"\n{one.code()}\n')
                continue
            sources.setdefault(need, []).append((stem, page, *source(page, inner, blocks)))
            for number, one in enumerate(blocks, 1):
                if one.is_program() and one.output is not None:
                    programs.append({"name": f"{inner}_{number}", "page": page, "line": one.parts[0][0],
                                     "arguments": one.arguments, "output": one.output})
    for need in sorted(sources):
        for at in range(0, len(sources[need]), together):
            some = sources[need][at:at + together]
            includes = dict.fromkeys(line for _, _, lines, _ in some for line in lines)
            write(f"{some[0][0]}.cpp", PREAMBLE.format(page=", ".join(page for _, page, _, _ in some)) +
                  "\n".join([*includes, *(body for _, _, _, body in some)]) + "\n")
    for old in folder.glob("*.cpp"):
        if old.name not in written:
            old.unlink()
    if not each:
        (folder / "programs.json").write_text(json.dumps(programs, indent=1))
    print("\n".join(written))


main()
