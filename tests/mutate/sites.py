"""Finds what a mutant can change in the library's sources, and writes sources that have all mutants in them.

A site is one place in one file, with the text that takes its place. Sites are found in the text, not by a compiler:
the house's formatter writes operators, calls and conditions in one way only. What does not compile afterwards is left
out by the command that builds it.
"""

import re
from dataclasses import dataclass

# The sources that are searched, relative to the root.
FOLDERS = ("common", "drivers", "stackful", "runtime")
# What is between the library and the machine, or no code of ours that a model could run.
LEFT_OUT = re.compile(r"/(wasi|windows)/|base/detail/atomic\.hpp$|asymmetric_fence|sanitizer|valgrind")
# One thread at a time runs in a simulation: rechecks are there for nothing, and these files have none.
SIMULATION = re.compile(r"simulat|/base/(?:baton|decisions)\.")
# Room for the mutants of one file; a file's numbers begin at its place in the list of files times this.
PER_FILE = 256

ORDERS = r"(?:base::)?(?:acquire|release|acq_rel|seq_cst)"
# A call of one of these is a wake.
WAKE = re.compile(r"(?:\w+(?:\(\))?(?:\.|->|::))*"
                  r"(?:wake|wake_\w+|notify|notify_\w+|unpark|unpark_\w+|open|\w+_and_wake|resume_\w+|schedule|schedule_\w+"
                  r"|enqueue\w*|complete\w*|announce\w*|signal)\(")
# What begins so is no expression.
NO_EXPRESSION = re.compile(r"(?:return|const|noexcept|co_return|co_yield|throw|using|delete|new|break|continue|goto|else|do"
                           r"|static_assert|default|[A-Z_]{4,})\b")

# From what the core stands or falls with to what a sample is taken of.
GROUPS = ("order", "fence", "exchange", "wake", "recheck", "logic")


@dataclass(frozen=True)
class Mutant:
    """One change. `line` counts from 1; `text` is the source's line without indentation."""

    number: int
    group: str  # Of GROUPS.
    path: str
    line: int
    column: int
    what: str
    text: str
    turn: int = 1  # Of those with the same text and change in the file.

    @property
    def key(self):
        """What tells it from all others and outlives changes elsewhere in its file."""
        turn = f" ({self.turn})" if self.turn > 1 else ""
        return f"{self.path} | {self.text} | {self.group}: {self.what}{turn}"


@dataclass(frozen=True)
class Edit:
    """Puts `before` at `begin` and `after` at `end`. `leaf` is a place between, with nothing else to change in it, that
    is replaced by `instead`."""

    begin: int
    end: int
    before: str
    after: str = ""
    leaf: tuple[int, int] | None = None
    instead: str = ""


def code_of(source):
    """The source, with comments, literals of characters and strings, and preprocessor lines blanked."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', re.S)
    code = pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), source)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]), code, flags=re.M)


def closing(code, at):
    """The position of the bracket that ends what the one at `at` begins, or -1."""
    depth = 0
    for place in range(at, len(code)):
        if code[place] in "([{":
            depth += 1
        elif code[place] in ")]}":
            depth -= 1
            if depth == 0:
                return place
    return -1


def top_level(code, begin, end, mark):
    """Positions of the text `mark` between two places, outside of all brackets."""
    depth = 0
    places = []
    for place in range(begin, end):
        if code[place] in "([{":
            depth += 1
        elif code[place] in ")]}":
            depth -= 1
        elif depth == 0 and code.startswith(mark, place):
            places.append(place)
    return places


def call_before(code, at):
    """The name of the function in whose arguments a place is; empty where it is in none."""
    depth = 0
    for place in range(at - 1, -1, -1):
        if code[place] in ")]}":
            depth += 1
        elif code[place] in "([{":
            if depth == 0:
                name = re.search(r"(\w+)$", code[:place])
                return name[1] if name else ""
            depth -= 1
        elif code[place] == ";" and depth == 0:
            break
    return ""


def weaker(order, function):
    """The orders one step below."""
    if order == "acq_rel":
        return ["acquire", "release"]
    if order == "seq_cst":
        return [{"load": "acquire", "store": "release"}.get(function, "acq_rel")]
    return ["relaxed"]


def orders(code):
    for found in re.finditer(rf"(?<![\w:.]){ORDERS}(?=[,)])", code):
        name = found[0].removeprefix("base::")
        function = call_before(code, found.start())
        prefix = "base::" if found[0].startswith("base::") else ""
        if not prefix and function not in ("load", "store", "exchange") and not re.match(r"fetch_|compare_", function):
            continue
        for low in weaker(name, function):
            yield "order", f"{name} -> {low}", Edit(
                found.start(), found.end(), "::mutant::either({}, ", f", {prefix}{low})")


def fences(code):
    for found in re.finditer(r"(?<![\w:])(?:base::)?(fence_seq_cst|light_fence|heavy_fence)\(\)", code):
        if re.search(r"(?:void|bool) $", code[:found.start()]):
            continue
        if found[1] == "heavy_fence":
            yield "fence", "no fence", Edit(found.start(), found.end(), "(::mutant::on({}) || ", ")")
        else:
            yield "fence", "no fence", Edit(found.start(), found.end(), "(::mutant::on({}) ? void() : ", ")")


def exchanges(code):
    for found in re.finditer(r"((?:[\w]+(?:\([^()]*\)|\[[^\[\]]*\])?(?:\.|->))+)compare_exchange_(strong|weak)(\()", code):
        word = found[1].removesuffix(".")
        if word.endswith("->"):
            word = f"*{word.removesuffix('->')}"
        end = closing(code, found.start(3))
        if len(top_level(code, found.end(), end, ", ")) != 3:
            continue
        yield "exchange", "does not compare", Edit(
            found.start(), end + 1, "", "", found.span(), f"::mutant::exchange_{found[2]}({{}}, {word}, ")


def conditions(code):
    """Each condition of an if or a while: its keyword, begin and end, behind what it declares, and whether it names
    what it tests. Then it begins behind the name."""
    for found in re.finditer(r"\b(if|while) (\()", code):
        end = closing(code, found.start(2))
        begin = found.end()
        parts = top_level(code, begin, end, ";")
        if parts:
            begin = parts[-1] + 1
        values = top_level(code, begin, end, " = ")
        if len(values) == 1:
            yield found[1], values[0] + 3, end, True
        elif end >= 0 and not values and code[begin:end].strip() != "true":
            yield found[1], begin, end, False


def rechecks(code):
    for keyword, begin, end, named in conditions(code):
        if not named:
            yield "recheck", f"{keyword} (false)", Edit(begin, end, "!::mutant::on({}) && (", ")")
        elif keyword == "if":
            value = " ".join(code[begin:end].split()).replace("{", "{{").replace("}", "}}")
            yield "recheck", "if (nothing)", Edit(begin, end, f"::mutant::on({{}}) ? decltype({value}){{{{}}}} : (", ")")


def statements(code):
    """Expression statements: calls, assignments and increments, by begin and end (behind the semicolon)."""
    for found in re.finditer(r"(?<=[;{})])\s+|(?<=\belse) ", code):
        begin = found.end()
        head = re.match(r"(?:[\w.:\[\]>\-*+]|\([^()]*\)(?=\.|->))+", code[begin:begin + 120])
        if not head or head[0][0] in ".>-:" or NO_EXPRESSION.match(head[0]):
            continue
        rest = code[begin + head.end():]
        if not (rest.startswith("(") or re.match(r" [+\-|&^]?= ", rest) or
                (rest.startswith(";") and re.match(r"\+\+|--", head[0]))):
            continue
        ends = top_level(code, begin, min(len(code), begin + 600), ";")
        if not ends or re.search(r"\{|= (?:delete|default)$", code[begin:ends[0]]):
            continue
        # The head of a loop or of a declaration.
        if re.search(r"\b(?:for|operator)\s*$", code[:begin]) or re.match(r"\([^;]*\)\s*(?:const|noexcept|override|:)", rest):
            continue
        yield begin, ends[0] + 1


def wakes(code):
    for begin, end in statements(code):
        if WAKE.match(code[begin:end]):
            yield "wake", "no wake", Edit(begin, end, "{{ if (!::mutant::on({})) ", " }}")


def logic(code):
    for keyword, begin, end, named in conditions(code):
        if not named:
            yield "logic", f"{keyword} (not)", Edit(begin, end, "::mutant::on({}) != bool(", ")")
    for begin, end in statements(code):
        if not WAKE.match(code[begin:end]):
            yield "logic", "no statement", Edit(begin, end, "{{ if (!::mutant::on({})) ", " }}")
    for found in re.finditer(r" ([<>]=?) ", code):
        low, high = operands(code, found.start(), found.end())
        if low is None:
            continue
        other = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}[found[1]]
        name = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}[found[1]]
        yield "logic", f"{found[1]} -> {other}", Edit(low, high, f"::mutant::{name}({{}}, ", ")", found.span(), ", ")
    for found in re.finditer(r"(?<=[\w)\]]) ([+-]) 1(?=[;,) ])", code):
        place = (found.end() - 1, found.end())
        yield "logic", f"{found[1]} 1 -> {found[1]} 0", Edit(*place, "", "", place, "(::mutant::on({}) ? 0 : 1)")
    for found in re.finditer(r"\breturn (true|false);", code):
        yield "logic", "the other return", Edit(*found.span(1), "::mutant::on({}) != ")


def operands(code, left, right):
    """Begin of what stands left of an operator and end of what stands right of it."""
    depth = 0
    begin = left
    while begin > 0:
        at = code[begin - 1]
        if at in ")]}":
            depth += 1
        elif at in "([{":
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and (at in ";,?:!" and not code.startswith("::", begin - 2) and not code.startswith("::", begin - 1)
                             or re.match(r"&& |\|\| |= |return |[=!]= ", code[begin - 1:begin + 8])
                             or re.search(r"(?:&&|\|\||=|return|\?|(?<!:):)$", code[max(0, begin - 7):begin])):
            break
        begin -= 1
    depth = 0
    end = right
    while end < len(code):
        at = code[end]
        if at in "([{":
            depth += 1
        elif at in ")]}":
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and (at in ";,?" or re.match(r" (?:&&|\|\||\?|:|[=!]=) ", code[end:end + 5])):
            break
        end += 1
    text = code[begin:left]
    begin += len(text) - len(text.lstrip())
    if "\n" in code[begin:end] or not code[begin:left].strip() or re.search(r"\btemplate\b|[{}]", code[begin:end]):
        return None, None
    return begin, end


def is_core(code):
    """Whether several threads meet in a file: it has orders, fences or compare-exchanges."""
    return re.search(rf"{ORDERS}[,)]|_fence\(\)|compare_exchange", code) is not None


def found_in(path, source):
    """All groups, what and edits of a file, in the order of the text."""
    code = code_of(source)
    finders = [orders, fences, exchanges, wakes, logic]
    if not SIMULATION.search(path) and (is_core(code) or re.search(r"/(?:worker|scheduler)\w*\.[ch]pp$", path)):
        finders.append(rechecks)
    all_found = [item for finder in finders for item in finder(code)]
    inside = re.compile(r"static_assert\b|if constexpr|requires\b|noexcept\($")
    return sorted((item for item in all_found
                   if not inside.search(code[code.rfind("\n", 0, item[2].begin) + 1:item[2].begin])),
                  key=lambda item: (item[2].begin, item[2].end, item[0], item[1]))


def apply(source, chosen):
    """The source with the edits of [(number, edit)] in it, without a line more or less."""
    changes = []  # (where, rank, …, end, text): at one place what ends comes before what begins, and inner before outer
    # One with a leaf is inside of all others around the same text.
    for turn, (number, edit) in enumerate(sorted(chosen, key=lambda one: one[1].leaf is not None)):
        changes.append((edit.begin, 1, -edit.end, turn, edit.begin, edit.before.format(number)))
        changes.append((edit.end, 0, -edit.begin, -turn, edit.end, edit.after.format()))
        if edit.leaf is not None:
            begin, end = edit.leaf
            changes.append((begin, 2, 0, 0, end, edit.instead.format(number)))
    result = []
    at = 0
    for begin, _, _, _, end, text in sorted(changes):
        result += [source[at:begin], text]
        at = end
    return "".join(result) + source[at:]
