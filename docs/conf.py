# How the books are built: Markdown by MyST, the reference from Doxygen's XML by Breathe. docs/run starts it.
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

project = "bifilar"
author = "the authors of bifilar"
copyright = "the authors of bifilar, Boost Software License 1.0"
release = re.search(r"project\(bifilar VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)

sys.path.insert(0, str(ROOT / "docs"))
extensions = ["header_names", "myst_parser", "breathe", "sphinx.ext.graphviz", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
breathe_projects = {"bifilar": str(ROOT / "build/docs/xml")}
breathe_default_project = "bifilar"
breathe_default_members = ("members",)
primary_domain = "cpp"
highlight_language = "cpp"
graphviz_output_format = "svg"

html_theme = "furo"
html_title = f"bifilar {release}"
html_static_path = []
