# Counts what compilers leave of coroutines and futures that they could see through: allocations of an awaited child's
# frame, and calls in a chain of three futures. Reads the disassembly of the objects that both compilers make of programs/
# with -O2; nothing is run. x86-64 only.
import pathlib
import platform
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COMPILERS = {"GCC": "g++-12", "Clang": "clang++-19"}
PACKAGES = {"g++-12": "g++-12", "clang++-19": "clang-19", "objdump": "binutils"}
FLAGS = ["-std=c++23", "-O2", "-DNDEBUG"]
# {fact: what is in the mangled name of the function that is read}; of a coroutine it is the part that runs its body.
CHILDREN = {"allocations left for an awaited child": "library_parent",
            "allocations left for an awaited child of a bare coroutine": "bare_parent",
            "allocations left for a generator in a plain function": "generator_user"}
CHAINS = {"calls left in three futures by hand": "poll_ready_chain",
          "calls left in three futures by hand, the first of which waits": "poll_waiting_chain"}
PROGRAMS = {"child": CHILDREN, "three_futures": CHAINS}
BODY = re.compile(r"(\.resume|\.actor)$")
# operator new, malloc, and the library's pool of frames.
ALLOCATORS = re.compile(r"^(_Zn[wa]m\w*|malloc|_ZN7bifilar6detail\d+allocate_(coroutine|frame)Emm?)$")
HEAD = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s+[0-9a-f]+:\t([a-z]\S*)\s*(.*)$")
RELOCATION = re.compile(r"^\s+[0-9a-f]+: R_X86_64_(?:PLT32|PC32)\s+([\w.$]+?)(?:[-+]0x[0-9a-f]+)?$")
WITHIN = re.compile(r"^[0-9a-f]+ <([^+>]+)>$")


def functions(listing):
    """{symbol: [(mnemonic, the function that it goes to, or None)]} of what objdump -dr printed."""
    found, rows = {}, []
    for line in listing.split("\n"):
        if head := HEAD.match(line):
            rows = found.setdefault(head[1], [])
        elif row := INSTRUCTION.match(line):
            within = WITHIN.match(row[2])
            rows.append((row[1], within[1] if within else None))
        elif (target := RELOCATION.match(line)) and rows and rows[-1][0] in ("call", "jmp"):
            rows[-1] = (rows[-1][0], target[1])
    return found


def part(found, word):
    """The symbol that is read: the body of the coroutine or the function with this word in its name."""
    names = [name for name in found if word in name and not name.endswith(".cold")]
    bodies = [name for name in names if BODY.search(name)]
    if len(bodies or names) != 1:
        raise LookupError(f"the object has {len(bodies or names)} functions {word}, and should have one")
    return (bodies or names)[0]


def own_rows(found, name):
    """With what was moved to the cold part of the object."""
    return found.get(name, []) + found.get(f"{name}.cold", [])


def allocations(found, name):
    """Places that allocate, in the function and in all of the object that it goes to."""
    seen, ahead, count = set(), [name], 0
    while ahead:
        at = ahead.pop()
        if at in seen:
            continue
        seen.add(at)
        for mnemonic, target in own_rows(found, at):
            if mnemonic in ("call", "jmp") and target is not None:
                count += bool(ALLOCATORS.match(target))
                ahead.append(target)
    return count


def calls(found, name):
    """Calls, through pointers too, and jumps to other functions."""
    own = {name, f"{name}.cold"}
    return sum(1 for mnemonic, target in own_rows(found, name)
               if mnemonic == "call" or (mnemonic == "jmp" and target in found.keys() - own) or
               (mnemonic == "jmp" and target is not None and target.startswith("_Z") and target not in own))


def listing_of(compiler, program, folder):
    made = folder / f"{program}.o"
    options = ["-fcoro-aligned-allocation"] if "clang" in compiler else []
    compiled = subprocess.run([compiler, *FLAGS, *options, f"-I{ROOT}/common/include", f"-I{ROOT}/stackless/include", "-c",
                               HERE / "programs" / f"{program}.cpp", "-o", made])
    if compiled.returncode != 0:  # It has said why.
        raise LookupError(f"{compiler} does not compile programs/{program}.cpp")
    return subprocess.run(["objdump", "-dr", "--no-show-raw-insn", made], capture_output=True, text=True, check=True).stdout


def lacking(compiler):
    """Why nothing can be counted with this compiler here, or ''."""
    if platform.machine() != "x86_64":
        return "the disassembly is read on x86-64 only"
    gone = [PACKAGES[tool] for tool in (compiler, "objdump") if shutil.which(tool) is None]
    return f"the package {' and the package '.join(gone)} is not installed" if gone else ""


def counted(compiler, folder):
    """{fact: number} of one compiler."""
    result = {}
    for program, facts in PROGRAMS.items():
        found = functions(listing_of(compiler, program, folder))
        for fact, word in facts.items():
            result[fact] = (allocations if facts is CHILDREN else calls)(found, part(found, word))
    return result


def facts():
    """({fact: number}, {fact: why it cannot be had here})."""
    made, refused = {}, {}
    with tempfile.TemporaryDirectory(prefix="bifilar-inlining-") as folder:
        for name, compiler in COMPILERS.items():
            reason = lacking(compiler)
            try:
                numbers = {} if reason else counted(compiler, pathlib.Path(folder))
            except LookupError as error:
                numbers, reason = {}, str(error)
            for fact in [*CHILDREN, *CHAINS]:
                if fact in numbers:
                    made[f"{fact}, {name}"] = numbers[fact]
                else:
                    refused[f"{fact}, {name}"] = reason
    return made, refused
