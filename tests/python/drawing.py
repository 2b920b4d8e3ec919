"""Reads a picture without knowing how it was drawn: its boxes and its texts, as wide as a real font makes them."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"

# What DejaVu Sans and DejaVu Sans Bold advance, in 2048ths of the size: the widest of the usual sans-serif fonts.
ADVANCES = {
    "normal": {
        563: "'",
        569: "ijl",
        604: "IJ",
        651: " ,.",
        690: "/:;\\|",
        721: "f",
        739: "-",
        799: "()[]",
        803: "t",
        821: "!",
        842: "r",
        942: '"',
        1024: "*_`",
        1067: "s",
        1075: "z",
        1087: "?",
        1126: "c",
        1141: "L",
        1178: "F",
        1186: "k",
        1212: "vxy",
        1235: "P",
        1251: "TY",
        1253: "o",
        1255: "a",
        1260: "e",
        1294: "E",
        1298: "hnu",
        1300: "Sbdgpq",
        1303: "$0123456789{}",
        1343: "K",
        1401: "AV",
        1403: "XZ",
        1405: "B",
        1423: "R",
        1430: "C",
        1499: "U",
        1532: "N",
        1540: "H",
        1577: "D",
        1587: "G",
        1597: "&",
        1612: "OQ",
        1675: "w",
        1716: "#+<=>^~",
        1767: "M",
        1946: "%",
        1995: "m",
        2025: "W",
        2048: "@",
    },
    "bold": {
        627: "'",
        702: "ijl",
        713: " ",
        748: "/\\|",
        762: "IJ",
        778: ",.",
        819: ":;",
        850: "-",
        891: "f",
        934: "!",
        936: "()[]",
        979: "t",
        1010: "r",
        1024: "_`",
        1067: '"',
        1071: "*",
        1188: "?",
        1192: "z",
        1214: "c",
        1219: "s",
        1305: "L",
        1321: "x",
        1335: "vy",
        1362: "k",
        1382: "a",
        1389: "e",
        1397: "T",
        1399: "EF",
        1407: "o",
        1425: "$0123456789",
        1458: "hnu{}",
        1466: "bdgpq",
        1475: "S",
        1483: "Y",
        1485: "Z",
        1501: "P",
        1503: "C",
        1561: "B",
        1577: "R",
        1579: "X",
        1585: "AV",
        1587: "K",
        1663: "U",
        1681: "G",
        1700: "D",
        1714: "HN",
        1716: "#+<=>^~",
        1741: "OQ",
        1786: "&",
        1892: "w",
        2038: "M",
        2048: "@",
        2052: "%",
        2134: "m",
        2259: "W",
    },
}
WIDTHS = {weight: {c: w / 2048 for w, cs in rows.items() for c in cs} for weight, rows in ADVANCES.items()}


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float
    classes: tuple
    text: str = ""

    def inside(self, other):
        return (
            self.left >= other.left - 0.5
            and self.right <= other.right + 0.5
            and self.top >= other.top - 0.5
            and self.bottom <= other.bottom + 0.5
        )

    def meets(self, other):
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Drawing:
    """The texts and rectangles of an SVG document, in its order."""

    def __init__(self, text):
        self.root = ElementTree.fromstring(text)
        self.style = self.root.find(f"{SVG}style").text
        self.title = self.root.find(f"{SVG}title").text
        self.description = self.root.find(f"{SVG}desc").text
        fonts = re.findall(r"\.(\w+)\{font:(\w+) (\d+)px ([\w-]+)\}", self.style)
        self.fonts = {name: (weight, int(size), family) for name, weight, size, family in fonts}
        self.page = Box(0, 0, float(self.root.get("width")), float(self.root.get("height")), ())
        self.boxes = [self._box(rect) for rect in self.root.iter(f"{SVG}rect") if rect.get("class") != "page"]
        self.texts = [self._text(element) for element in self.root.iter(f"{SVG}text")]

    @staticmethod
    def _box(rect):
        x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        return Box(x, y, x + width, y + height, tuple(rect.get("class").split()))

    def _text(self, element):
        classes = tuple(element.get("class").split())
        weight, size, family = self.fonts[classes[0]]
        width = sum(advance(c, weight, family) for c in element.text) * size
        x, baseline = float(element.get("x")), float(element.get("y"))
        left = x - width if element.get("text-anchor") == "end" else x
        # Capitals rise by 0.73, tails fall by 0.24 of the size.
        return Box(left, baseline - 0.76 * size, left + width, baseline + 0.24 * size, classes, element.text)

    def untidy(self):
        """What lies on something else, leaves the picture, or crosses the edge of a box."""
        found = [f"{text} leaves the picture" for text in self.texts if not text.inside(self.page)]
        for at, text in enumerate(self.texts):
            found += [f"{text} crosses {b}" for b in self.boxes if text.meets(b) and not text.inside(b)]
            found += [f"{text} lies on {other}" for other in self.texts[at + 1 :] if text.meets(other)]
        return found

    def within(self, *classes):
        """The texts in each box that has these classes."""
        boxes = [box for box in self.boxes if set(classes) <= set(box.classes)]
        return [[text for text in self.texts if text.inside(box)] for box in boxes]


def advance(c, weight, family):
    """The width of a character, in parts of the size."""
    if family == "monospace":
        # Latin, Greek and Cyrillic have the width of all; other scripts come from another font, with square letters.
        return 0.61 if ord(c) < 0x1100 or c in "…–" else 1.0
    return WIDTHS[weight].get(c, 1.33)
