"""A Sphinx extension: ```{header} bifilar/sync/mutex.hpp``` on a page becomes what Breathe shows of each public name of that
header, in the order of the header. Every public header has to stand on a page, once."""
import functools
import pathlib
import re
import xml.etree.ElementTree as tree

MARK = re.compile(r"^```\{header\} (\S+)\n```$", re.M)
ROOT = pathlib.Path(__file__).resolve().parent.parent
XML = ROOT / "build/docs/xml"
LISTED = ROOT / "tests/tidy/public_headers.txt"
# A header that declares nothing itself.
UMBRELLA = "bifilar/bifilar.hpp"
DIRECTIVES = {"class": "doxygenclass", "struct": "doxygenstruct", "concept": "doxygenconcept", "function": "doxygenfunction",
              "enum": "doxygenenum", "typedef": "doxygentypedef", "variable": "doxygenvariable"}
shown = {}


def place(element):
    location = element.find("location")
    return location.get("file").split("/include/")[-1], int(location.get("line"))


@functools.cache
def names():
    """By header: (line, kind, name as Breathe wants it)."""
    found = {}
    for compound in tree.parse(XML / "index.xml").getroot():
        kind, name = compound.get("kind"), compound.findtext("name")
        if not name.startswith("bifilar") or "detail" in name:
            continue
        if kind in ("class", "struct", "concept"):
            inner = name.removeprefix("bifilar::")
            if re.sub(r"<.*>", "", inner).count("::"):
                continue  # Its outer class shows it.
            header, line = place(tree.parse(XML / f"{compound.get('refid')}.xml").getroot()[0])
            found.setdefault(header, []).append((line, kind, name))
        elif kind == "namespace":
            for member in tree.parse(XML / f"{compound.get('refid')}.xml").getroot().iter("memberdef"):
                arguments = member.findtext("argsstring") or ""
                if member.get("prot") != "public" or "=delete" in arguments.replace(" ", ""):
                    continue
                header, line = place(member)
                text = f"{name}::{member.findtext('name')}"
                if member.get("kind") == "function":
                    text += re.sub(r"\)[^)]*$", ")", arguments)
                found.setdefault(header, []).append((line, member.get("kind"), text))
    return found


def tell_inherited_apart(app):
    """A member that several classes inherit has one id in Doxygen's output, and would be defined several times on a page."""
    for path in XML.glob("class*.xml"):
        own = path.stem
        text = path.read_text()
        told = re.sub(r'(<memberdef [^>]*\bid=")(?!%s_1)' % re.escape(own), rf"\g<1>{own}_1inherited_", text)
        if told != text:
            path.write_text(told)


def directives(match):
    header = match.group(1)
    lines = [f"`#include <{header}>`", ""]
    for _, kind, name in sorted(names().get(header, [])):
        lines += [f"```{{{DIRECTIVES[kind]}}} {name}"]
        lines += [":members:"] if kind in ("class", "struct") else []
        lines += ["```", ""]
    return "\n".join(lines)


def expand(app, page, source):
    for header in MARK.findall(source[0]):
        shown.setdefault(header, []).append(page)
    source[0] = MARK.sub(directives, source[0])


def check(app, environment):
    from sphinx.util import logging
    logger = logging.getLogger(__name__)
    for header in LISTED.read_text().split():
        pages = shown.get(header, [])
        if len(pages) != 1 and header != UMBRELLA:
            logger.warning("%s stands on %s pages of the reference; name it on one, as {header}", header, len(pages))
    for header in shown:
        if header not in names():
            logger.warning("%s stands in the reference and has no public name", header)


def setup(app):
    app.connect("builder-inited", tell_inherited_apart)
    app.connect("source-read", expand)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": False}
