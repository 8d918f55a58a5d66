# Colours of the charts and pages, light and dark, and which contender has which.
# Okabe and Ito's set, made darker or lighter until it can be told from the page; a colour stands for a family, so that
# stackless is blue and stackful orange on every page. Marks and dashes differ as well, for who does not see colours.
import re

# Names of style variables, with the colour on a light and on a dark page.
PAGE = {"page": ("#ffffff", "#0d1117"), "ink": ("#1f2328", "#e6edf3"), "soft": ("#57606a", "#9da7b3"),
        "grid": ("#dfe3e8", "#2c333c"), "panel": ("#f6f8fa", "#161b22"), "link": ("#0550ae", "#79c0ff"),
        "holds": ("#00694e", "#2fd3a5"), "partly": ("#7a5600", "#f0e442"), "fails": ("#b2182b", "#ff8f8f"),
        "none": ("#57606a", "#9da7b3")}
SERIES = [("#0072b2", "#56b4e9"), ("#3389bd", "#a9d6ff"), ("#00476f", "#2f9be0"), ("#5a76a8", "#c3d6f2"),
          ("#d55e00", "#ff9a4d"), ("#a83200", "#ffc79a"), ("#b8651b", "#e8743b"), ("#8a4a2a", "#ffdcbf"),
          ("#3d3d3d", "#d0d0d0"), ("#6e7781", "#9da7b3"),
          ("#00795a", "#2fd3a5"), ("#a6478a", "#e79ac8"), ("#8a6100", "#f0e442"), ("#6f4aa0", "#c5a3ee"),
          ("#b2182b", "#ff8f8f"), ("#2f7d32", "#8fd694")]
# What a name says about its family, the first that fits; and the family's colours, in the order of their use.
FAMILIES = [(r"^go\b", [10]), (r"^tokio", [11, 14]), (r"^flume", [13, 15]), (r"^async-channel", [12, 14]),
            (r"boost\.|nginx|asio|libuv|onetbb|node|ruby|lua|python|either", [14, 15, 13, 12, 11]),
            (r"\bloop\b|(?<!own )thread|futex|pipe|^direct", [8, 9]),
            (r"fiber|stackful|fcontext|stack pool", [4, 5, 6, 7]),
            (r"coroutine|stackless|future|poll|frame pool", [0, 1, 2, 3])]
OTHERS = [9, 12, 13, 8, 10, 14]


def colours(names):
    """The index of each name's colour. Names of one family get its colours in turn."""
    used, chosen = {}, []
    for name in names:
        family = next((f for pattern, f in FAMILIES if re.search(pattern, name.lower())), OTHERS)
        at = used[id(family)] = used.get(id(family), -1) + 1
        chosen.append(family[at % len(family)])
    return chosen


def contrast(one, other):
    """The ratio of two colours' brightness, as WCAG 2 defines it: 1 to 21."""
    def brightness(colour):
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    high, low = sorted((brightness(one), brightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def variables(scheme):
    """Declarations of all of them; `scheme`: 0 is light, 1 is dark."""
    named = {**PAGE, **{f"s{i}": pair for i, pair in enumerate(SERIES)}}
    return "".join(f"--{name}:{pair[scheme]};" for name, pair in named.items())
