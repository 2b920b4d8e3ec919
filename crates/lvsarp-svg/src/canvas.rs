//! Where a picture is drawn: elements of SVG, every text measured and escaped, every place noted for the tests.

use crate::measure::{Face, Font, plain};
use crate::style;

/// The picture's width in pixels.
pub(crate) const WIDTH: i32 = 800;

/// What something says by its colour, which a word or a sign beside it says as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Dim,
    Good,
    Bad,
    Doubt,
}

impl Tone {
    /// The class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Plain => "plain",
            Tone::Dim => "dim",
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Doubt => "doubt",
        }
    }
}

/// The kinds of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The verdict on the whole.
    Title,
    /// A name of an interface.
    Name,
    /// A sentence.
    Body,
    /// A word that matters.
    Word,
    /// What explains.
    Small,
    /// Addresses, values and functions.
    Code,
    /// A value that matters.
    Value,
}

impl Kind {
    pub const ALL: [Kind; 7] = [Kind::Title, Kind::Name, Kind::Body, Kind::Word, Kind::Small, Kind::Code, Kind::Value];

    pub fn class(self) -> &'static str {
        match self {
            Kind::Title => "title",
            Kind::Name => "name",
            Kind::Body => "body",
            Kind::Word => "word",
            Kind::Small => "small",
            Kind::Code => "code",
            Kind::Value => "value",
        }
    }

    pub fn font(self) -> Font {
        let (face, size) = match self {
            Kind::Title => (Face::Bold, 15),
            Kind::Name => (Face::Mono, 13),
            Kind::Body => (Face::Sans, 12),
            Kind::Word => (Face::Bold, 12),
            Kind::Small => (Face::Sans, 11),
            Kind::Code | Kind::Value => (Face::Mono, 11),
        };
        Font { face, size }
    }
}

/// The signs, drawn, because a font may lack them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Tick,
    Cross,
    Question,
}

/// What lies behind texts and lines, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The frame of the host.
    Host,
    /// A card in it.
    Card,
    /// A coloured part of a card.
    Ground,
}

impl Layer {
    fn class(self) -> &'static str {
        match self {
            Layer::Host => "host",
            Layer::Card => "card",
            Layer::Ground => "ground",
        }
    }
}

/// A rectangle that was drawn: its left, top, width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

/// A picture that is being drawn.
#[derive(Default)]
pub(crate) struct Canvas {
    body: String,
    /// The boxes behind everything, by layer: their sizes are known last.
    behind: [String; 3],
    pub texts: Vec<(Area, String)>,
    pub boxes: Vec<Area>,
}

impl Canvas {
    /// A text that starts at a place, cut where it is wider than the room; the whole is shown when pointed at. Returns where it ends.
    pub fn text(&mut self, x: i32, baseline: i32, kind: Kind, tone: Tone, room: i32, text: &str) -> i32 {
        let (shown, whole) = fitted(kind, room, text);
        let width = kind.font().width(&shown);
        self.put(x, width, baseline, "", kind, tone, &shown, whole.as_deref());
        x + width
    }

    /// The same, for a text that ends at a place. Returns where it starts.
    pub fn text_to(&mut self, end: i32, baseline: i32, kind: Kind, tone: Tone, room: i32, text: &str) -> i32 {
        let (shown, whole) = fitted(kind, room, text);
        let width = kind.font().width(&shown);
        self.put(end - width, width, baseline, " text-anchor=\"end\"", kind, tone, &shown, whole.as_deref());
        end - width
    }

    /// A text in lines of a room, at most so many. Returns the baseline of the last one.
    #[allow(clippy::too_many_arguments)] // A place, a look and a text, as above.
    pub fn paragraph(
        &mut self,
        x: i32,
        baseline: i32,
        kind: Kind,
        tone: Tone,
        room: i32,
        most: usize,
        text: &str,
    ) -> i32 {
        let text = plain(text);
        let lines = kind.font().lines(&text, room, most);
        let mut y = baseline;
        let is_cut = lines.join(" ") != text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        for (at, line) in lines.iter().enumerate() {
            y = baseline + at as i32 * LEADING;
            let whole = is_cut.then_some(text.as_str());
            self.put(x, kind.font().width(line), y, "", kind, tone, line, whole);
        }
        y
    }

    #[allow(clippy::too_many_arguments)] // The parts of one element.
    fn put(
        &mut self,
        x: i32,
        width: i32,
        baseline: i32,
        anchor: &str,
        kind: Kind,
        tone: Tone,
        shown: &str,
        whole: Option<&str>,
    ) {
        if shown.is_empty() {
            return;
        }
        let size = kind.font().size as i32;
        let area = Area { x, y: baseline - size, width, height: size * 5 / 4 };
        self.texts.push((area, shown.to_owned()));
        let at = if anchor.is_empty() { x } else { x + width };
        let class = match tone {
            Tone::Plain => kind.class().to_owned(),
            tone => format!("{} {}", kind.class(), tone.class()),
        };
        let element =
            format!("<text class=\"{class}\" x=\"{at}\" y=\"{baseline}\"{anchor}>{}</text>\n", escaped(shown));
        match whole {
            Some(whole) => self.body.push_str(&format!("<g><title>{}</title>{element}</g>\n", escaped(whole))),
            None => self.body.push_str(&element),
        }
    }

    /// A box; what is drawn later lies above it.
    pub fn rect(&mut self, class: &str, tone: Tone, area: Area) {
        let element = rect(class, tone, area);
        self.body.push_str(&element);
        self.boxes.push(area);
    }

    /// A box behind everything that is drawn.
    pub fn back(&mut self, layer: Layer, tone: Tone, area: Area) {
        self.behind[layer as usize].push_str(&rect(layer.class(), tone, area));
        self.boxes.push(area);
    }

    /// The stripe at the left edge of a card.
    pub fn edge(&mut self, tone: Tone, card: Area) {
        self.behind[Layer::Ground as usize].push_str(&rect("edge", tone, Area { width: 5, ..card }));
    }

    /// A line with straight parts.
    pub fn line(&mut self, class: &str, tone: Tone, path: &str) {
        self.body.push_str(&format!("<path class=\"{class} {}\" d=\"{path}\"/>\n", tone.class()));
    }

    /// A level arrow.
    pub fn arrow(&mut self, from: i32, to: i32, y: i32, tone: Tone) {
        let back = if to > from { -6 } else { 6 };
        self.line("way", tone, &format!("M{from} {y}H{to}M{} {}L{to} {y}L{} {}", to + back, y - 4, to + back, y + 4));
    }

    /// A sign of 10 pixels around a centre.
    pub fn sign(&mut self, sign: Sign, tone: Tone, x: i32, y: i32) {
        let path = match sign {
            Sign::Tick => format!("M{} {}l3.5 4l6 -8", x - 5, y),
            Sign::Cross => format!("M{} {}l8 8m0 -8l-8 8", x - 4, y - 4),
            Sign::Question => format!("M{} {}c0 -4 6 -4 6 0c0 2.5 -3 2 -3 4.6m0 2.4v.4", x - 3, y - 2),
        };
        self.line("sign", tone, &path);
    }

    /// The document.
    pub fn document(self, height: i32, title: &str, description: &str) -> String {
        let (title, description) = (escaped(&plain(title)), escaped(&plain(description)));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lvsarp-picture\" role=\"img\" width=\"{WIDTH}\" \
             height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n\
             <title>{title}</title>\n<desc>{description}</desc>\n<style>\n{}</style>\n\
             <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n{}{}</svg>\n",
            style::sheet(),
            self.behind.concat(),
            self.body
        )
    }
}

/// From one line of a paragraph to the next.
pub(crate) const LEADING: i32 = 16;

fn rect(class: &str, tone: Tone, area: Area) -> String {
    let Area { x, y, width, height } = area;
    format!(
        "<rect class=\"{class} {}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"5\"/>\n",
        tone.class()
    )
}

/// What is shown of a text, and the whole where something was cut.
fn fitted(kind: Kind, room: i32, text: &str) -> (String, Option<String>) {
    let text = plain(text);
    let shown = kind.font().fitted(&text, room);
    if shown == text { (text, None) } else { (shown, Some(text)) }
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
