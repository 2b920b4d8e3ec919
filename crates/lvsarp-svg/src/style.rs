//! The one style sheet: a light picture, and a dark one where that is preferred. A renderer without media queries draws the light one.

use crate::canvas::Kind;
use crate::measure::Face;

/// Every rule names the picture's class, because the sheet of an SVG inside a page is the page's as well.
pub(crate) fn sheet() -> String {
    let mut sheet = String::from("svg.lvsarp-picture{max-width:100%;height:auto;color-scheme:light dark}\n");
    for kind in Kind::ALL {
        let font = kind.font();
        let family = if font.face == Face::Mono { "monospace" } else { "sans-serif" };
        let weight =
            if matches!(kind, Kind::Title | Kind::Name | Kind::Word | Kind::Value) { "bold" } else { "normal" };
        let (class, size) = (kind.class(), font.size);
        sheet.push_str(&format!(".lvsarp-picture .{class}{{font:{weight} {size}px {family}}}\n"));
    }
    sheet.push_str(".lvsarp-picture path{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}\n");
    sheet.push_str(".lvsarp-picture .sign{stroke-width:2}\n.lvsarp-picture .bar{stroke-width:4}\n");
    for rule in rules(&LIGHT) {
        sheet.push_str(&rule);
    }
    sheet.push_str("@media (prefers-color-scheme:dark){\n");
    for rule in rules(&DARK) {
        sheet.push_str(&rule);
    }
    sheet.push_str("}\n");
    sheet
}

/// The colours of one scheme.
struct Scheme {
    page: &'static str,
    frame: &'static str,
    card: &'static str,
    edge: &'static str,
    text: &'static str,
    dim: &'static str,
    /// Good, bad and doubtful: the text, the line and the ground.
    tones: [(&'static str, &'static str, &'static str, &'static str); 3],
}

const LIGHT: Scheme = Scheme {
    page: "#ffffff",
    frame: "#59636e",
    card: "#f6f8fa",
    edge: "#d0d7de",
    text: "#1f2328",
    dim: "#59636e",
    tones: [
        ("good", "#116329", "#1a7f37", "#dafbe1"),
        ("bad", "#a40e26", "#cf222e", "#ffebe9"),
        ("doubt", "#7d4e00", "#bf8700", "#fff8c5"),
    ],
};

const DARK: Scheme = Scheme {
    page: "#0d1117",
    frame: "#9198a1",
    card: "#161b22",
    edge: "#3d444d",
    text: "#f0f6fc",
    dim: "#9198a1",
    tones: [
        ("good", "#56d364", "#3fb950", "#12261e"),
        ("bad", "#ff9492", "#f85149", "#2d1416"),
        ("doubt", "#e3b341", "#d29922", "#2b2111"),
    ],
};

fn rules(scheme: &Scheme) -> Vec<String> {
    let Scheme { page, frame, card, edge, text, dim, tones } = scheme;
    let mut rules = vec![
        format!(".lvsarp-picture .page{{fill:{page}}}\n"),
        format!(".lvsarp-picture text{{fill:{text}}}\n"),
        format!(".lvsarp-picture text.dim{{fill:{dim}}}\n"),
        format!(".lvsarp-picture path{{stroke:{dim}}}\n"),
        format!(".lvsarp-picture rect.host{{fill:{page};stroke:{frame};stroke-width:1.5}}\n"),
        format!(".lvsarp-picture rect.card{{fill:{card};stroke:{edge}}}\n"),
        format!(".lvsarp-picture rect.chip{{fill:{page};stroke:{edge}}}\n"),
        format!(".lvsarp-picture rect.edge{{fill:{dim}}}\n"),
    ];
    for (tone, ink, line, ground) in tones {
        rules.push(format!(".lvsarp-picture text.{tone}{{fill:{ink}}}\n"));
        rules.push(format!(".lvsarp-picture path.{tone}{{stroke:{line}}}\n"));
        rules.push(format!(
            ".lvsarp-picture rect.ground.{tone},.lvsarp-picture rect.chip.{tone}{{fill:{ground};stroke:{line}}}\n"
        ));
        rules.push(format!(".lvsarp-picture rect.edge.{tone}{{fill:{line}}}\n"));
    }
    rules
}
