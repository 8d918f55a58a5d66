# Whether the library works where it was carried to: the stackless half in WebAssembly, where the stackful one must be
# refused while it is compiled, and all tests for 64-bit ARM under qemu-user. Says 1 or 0, and how many tests.
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STACKLESS, STACKFUL = "stackless core on wasm32-wasi", "stackful half on wasm32-wasi is refused"
PASSED, FAILED = "tests under qemu, aarch64: passed", "tests under qemu, aarch64: failed"
# What the WebAssembly program is made with, by package.
TOOLS = {"clang-19": "clang++-19", "lld-19": "wasm-ld-19", "nodejs": "node"}
LIBRARIES = {"wasi-libc": "libc.a", "libc++-19-dev-wasm32": "libc++.a", "libc++abi-19-dev-wasm32": "libc++abi.a"}
ALL = re.compile(r"^All tests passed \([\d,]+ assertions? in (\d+) test cases?\)$", re.M)
SOME = re.compile(r"^test cases:\s*\d+ \|(.*)$", re.M)
SKIPPED = 77


def works(*command):
    """Whether the command ended well; if not, it has said why."""
    return subprocess.run([str(word) for word in command], cwd=ROOT, stdout=subprocess.DEVNULL).returncode == 0


def wasm(build):
    """As facts()."""
    gone = [package for package, tool in TOOLS.items() if shutil.which(tool) is None]
    gone_here = [*gone, *[package for package, file in LIBRARIES.items() if not pathlib.Path("/usr/lib/wasm32-wasi", file).exists()]]
    made, refused = {}, {}
    if gone_here:
        refused[STACKLESS] = f"not installed: {', '.join(gone_here)}"
    else:
        program = build / "stackless.wasm"
        made[STACKLESS] = int(works("tests/wasm/build", "tests/wasm/program.cpp", program) and
                              works("node", "--no-warnings", "tests/wasm/wasi.mjs", program))
    if "clang-19" in gone:
        refused[STACKFUL] = "not installed: clang-19"
    else:
        made[STACKFUL] = int(works("tests/wasm/refused"))
    return made, refused


def tests_of(said):
    """(passed, failed) of the test programs whose output follows a line "== PART" each. One that ended without its
    summary counts as a failed test."""
    passed = failed = 0
    for one in re.split(r"^== .+$", said, flags=re.M)[1:]:
        if whole := ALL.search(one):
            passed += int(whole[1])
        elif some := SOME.search(one):
            numbers = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed)", some[1])}
            passed, failed = passed + numbers.get("passed", 0), failed + numbers.get("failed", 0)
        else:
            failed += 1
    return passed, failed


def qemu(wanted):
    """As facts()."""
    if not wanted:
        return {}, {name: "they take an hour; experiments/run --qemu runs them" for name in (PASSED, FAILED)}
    ran = subprocess.run(["tests/aarch64/run"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    passed, failed = tests_of(ran.stdout)
    if passed + failed == 0:
        last = (ran.stdout.strip().split("\n") or [""])[-1]
        why = last.removeprefix("skipped: ") if ran.returncode == SKIPPED else f"no test was run: {last}"
        return {}, {name: why for name in (PASSED, FAILED)}
    return {PASSED: passed, FAILED: failed}, {}


def facts(build, with_qemu):
    """({fact: number}, {fact: why it cannot be had here}). `build`: a folder for what is compiled."""
    (made, refused), (tests, untested) = wasm(build), qemu(with_qemu)
    return {**made, **tests}, {**refused, **untested}
