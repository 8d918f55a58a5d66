"""Compiles a file that must not compile, and looks for the messages named in its first lines.

refuse.py <compiler> <file> <root of the sources>

`// flags: ...` adds flags, `// errors: N` says how many there are, `// compiler: NAME` leaves the file to that one. Where
lines end with `// refused`, or `// refused by <compiler>` for those of one, errors must be at these lines and at no
others.
"""
import pathlib
import re
import subprocess
import sys

compiler, source, root = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
lines = source.read_text().splitlines()
expected = [line.removeprefix("// expect: ") for line in lines if line.startswith("// expect: ")]
if not lines[0].startswith("// expect: "):
    sys.exit(f"{source}: the first line must be '// expect: <regular expression>'")
if any(line.startswith("// compiler: ") and line.split()[2] not in pathlib.Path(compiler).name for line in lines):
    sys.exit(0)
flags = [flag for line in lines if line.startswith("// flags: ") for flag in line.split()[2:]]
if "clang" in pathlib.Path(compiler).name:
    flags.insert(0, "-fcoro-aligned-allocation")  # As our targets do.
includes = [f"-I{part / 'include'}" for part in sorted(root.iterdir()) if (part / "include" / "bifilar").is_dir()]
run = subprocess.run([compiler, "-std=c++23", "-fsyntax-only", *includes, *flags, str(source)],
                     capture_output=True, text=True)
if run.returncode == 0:
    sys.exit(f"{source} compiles; it must not")
for sentence in expected:
    if not re.search(sentence, run.stderr):
        sys.exit(f"{source}: the compiler did not say /{sentence}/ but:\n{run.stderr[:4000]}")

for number in (re.match(r"// errors: (\d+)$", line) for line in lines):
    errors = re.findall(r"^.*error: .*$", run.stderr, re.MULTILINE)
    if number and len(errors) != int(number.group(1)):
        sys.exit(f"{source}: {len(errors)} errors instead of {number.group(1)}:\n" + "\n".join(errors)[:4000])

marks = {at: mark.group(1) for at, line in enumerate(lines, 1)
         if (mark := re.search(r"// refused(?: by (\w+))?$", line))}
if marks:
    wanted = {at for at, only in marks.items() if only is None or only in pathlib.Path(compiler).name}
    found = {int(at) for at in re.findall(rf"{re.escape(source.name)}:(\d+):\d+: error", run.stderr)}
    if found != wanted:
        sys.exit(f"{source}: errors at lines {sorted(found)} instead of {sorted(wanted)}:\n{run.stderr[:4000]}")
