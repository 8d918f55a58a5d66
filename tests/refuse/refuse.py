"""Compiles a file that must not compile, and looks for the message named in its first line.

refuse.py <compiler> <file> <root of the sources>
"""
import pathlib
import re
import subprocess
import sys

compiler, source, root = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
first_line = source.read_text().splitlines()[0]
expected = re.match(r"// expect: (.+)", first_line)
if not expected:
    sys.exit(f"{source}: the first line must be '// expect: <regular expression>'")
includes = [f"-I{part / 'include'}" for part in sorted(root.iterdir()) if (part / "include" / "bifilar").is_dir()]
run = subprocess.run([compiler, "-std=c++23", "-fsyntax-only", *includes, str(source)], capture_output=True, text=True)
if run.returncode == 0:
    sys.exit(f"{source} compiles; it must not")
if not re.search(expected.group(1), run.stderr):
    sys.exit(f"{source}: the compiler did not say /{expected.group(1)}/ but:\n{run.stderr[:4000]}")
