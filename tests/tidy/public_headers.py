"""Which headers an application may include, and what those may declare.

A header in a folder `detail` is installed, because templates need it, and is nobody else's business.
"""
import re

LIST = "tests/tidy/public_headers.txt"
# Outside of all: what specializes a template of the standard library.
OURS = {"", "bifilar", "bifilar::detail", "bifilar::simulation", "bifilar::this_fiber"}
# What stands for an application.
APPLICATIONS = ("examples/", "tests/consumer/")
TOKEN = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|namespace\s+([\w:]+)\s*\{|[{}]')


def is_public(name):
    return "/include/bifilar/" in name and name.endswith(".hpp") and "/detail/" not in name and not name.startswith("tests/")


def listed(files):
    return "".join(sorted("bifilar/" + name.split("/include/bifilar/")[1] + "\n" for name in files if is_public(name)))


def problems(name, text):
    """(line, what is wrong) of a file."""
    if name.startswith(APPLICATIONS):
        for match in re.finditer(r"#\s*include\s*<(bifilar/\S*/detail/\S*)>", text):
            yield text.count("\n", 0, match.start()) + 1, f"an application includes <{match.group(1)}>, which is nobody's but ours"
    if not is_public(name):
        return
    open_spaces = []
    for match in TOKEN.finditer(text):
        token = match.group(0)
        if match.group(1):
            open_spaces.append(match.group(1))
        elif token == "{":
            within = "::".join(space for space in open_spaces if space)
            if None not in open_spaces and within not in OURS:
                yield (text.count("\n", 0, match.start()) + 1,
                       f"a public header defines something in {within}; public names are in bifilar, others in bifilar::detail")
            open_spaces.append(None)
        elif token == "}" and open_spaces:
            open_spaces.pop()
