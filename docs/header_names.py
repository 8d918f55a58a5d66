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
    """By header: (line, kind, name as Breathe wants it). Of a function its element stands for the kind."""
    found = {}
    index = tree.parse(XML / "index.xml").getroot()
    namespaces = {compound.findtext("name") for compound in index if compound.get("kind") == "namespace"}
    for compound in index:
        kind, name = compound.get("kind"), compound.findtext("name")
        if not name.startswith("bifilar") or "detail" in name:
            continue
        if kind in ("class", "struct", "concept"):
            if re.sub(r"<.*>", "", name).rpartition("::")[0] not in namespaces:
                continue  # Its outer class shows it.
            header, line = place(tree.parse(XML / f"{compound.get('refid')}.xml").getroot()[0])
            found.setdefault(header, []).append((line, kind, name))
        elif kind == "namespace":
            for member in tree.parse(XML / f"{compound.get('refid')}.xml").getroot().iter("memberdef"):
                arguments = member.findtext("argsstring") or ""
                if member.get("prot") != "public" or "=delete" in arguments.replace(" ", ""):
                    continue
                header, line = place(member)
                parameters = member.findall("param")
                if parameters and not any(one.findtext("declname") for one in parameters):
                    continue  # An overload that says what is wrong with a call.
                kind = member.get("kind")
                found.setdefault(header, []).append((line, member if kind == "function" else kind,
                                                     f"{name}::{member.findtext('name')}"))
    return found


def make_fit(app):
    """Makes of Doxygen's output what Sphinx can read: a member that several classes inherit gets an id in each of them;
    overloads that differ in what they require alone are shown once; and types that Sphinx does not know lose their words."""
    for path in [*XML.glob("class*.xml"), *XML.glob("struct*.xml")]:
        parsed = tree.parse(path)
        compound = parsed.getroot()[0]
        seen = set()
        for section in compound.findall("sectiondef"):
            for member in section.findall("memberdef"):
                if not member.get("id").startswith(path.stem + "_1"):
                    member.set("id", f"{path.stem}_1inherited_{member.get('id')}")
                if member.get("kind") == "function":
                    signature = member.findtext("name") + member.findtext("argsstring")
                    if signature in seen:
                        section.remove(member)
                    seen.add(signature)
        text = tree.tostring(parsed.getroot(), encoding="unicode")
        text = re.sub(r"(?<=\d) &apos;(?=\d)|(?<=\d) '(?=\d)", "", text)
        text = text.replace("typename decltype(output_type())::type", "auto")
        path.write_text(text)


def words(element):
    """A description as Markdown, in one paragraph."""
    parts = [element.text or ""]
    for inner in element:
        text = words(inner)
        if inner.tag == "computeroutput":
            text = f"`{text}`"
        elif inner.tag == "title":
            text = f"**{text}** "
        parts += [text, inner.tail or ""]
    return re.sub(r"\s+", " ", "".join(parts))


def function(name, member):
    """A free function, without Breathe, which cannot tell overloads apart that differ in what they require."""
    template = member.find("templateparamlist")
    arguments = []
    for one in template if template is not None else ():
        kind, own = words(one.find("type")).strip(), one.findtext("declname") or ""
        arguments.append(f"{kind} {own}".strip())
    head = f"template <{', '.join(arguments)}> " if arguments else ""
    gives = words(member.find("type")).strip()
    constraint = member.find("requiresclause")
    description = [words(member.find(tag)).strip() for tag in ("briefdescription", "detaileddescription")]
    asks = [f"*Requires* `{words(constraint).strip()}`."] if constraint is not None else []
    paragraphs = [text + "\n" for text in description + asks if text]
    return [f"```{{cpp:function}} {head}{gives} {name}{member.findtext('argsstring')}", "", *paragraphs, "```", ""]


def directives(match):
    header = match.group(1)
    lines = [f"`#include <{header}>`", ""]
    told = set()
    for _, kind, name in sorted(names().get(header, []), key=lambda one: one[0]):
        if not isinstance(kind, str):
            signature = name + kind.findtext("argsstring")
            lines += function(name, kind) if signature not in told else []
            told.add(signature)
            continue
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
    app.connect("builder-inited", make_fit)
    app.connect("source-read", expand)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": False}
