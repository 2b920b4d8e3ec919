//! `lvsarp probe`: who answers for the VIPs, and with `--listen` who uses them as a sender.

use std::net::IpAddr;
use std::time::{Duration, Instant, UNIX_EPOCH};

use lvsarp::{Heard, HeardKind, IfName, Mac, Netns, ProbeOptions, ProbeSender, Responder};
use serde::Serialize;
use serde_json::json;

use crate::answer::{self, Answer, Look};
use crate::args::{AsksAs, ProbeArgs};
use crate::failure::Failure;
use crate::input;
use crate::output::{Paint, Tone};
use crate::stream;
use crate::table::{Cell, Table};

pub(crate) fn run(args: &ProbeArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let (vips, on) = (input::named_vips(&args.vips)?, input::interface(&args.on)?);
    let directors = input::macs("--director", &args.directors)?;
    if args.listen {
        let until = match &args.how_long {
            Some(_) => Some(Instant::now() + input::seconds("--for", args.how_long.as_deref(), Duration::ZERO)?),
            None => None,
        };
        return listen(&vips, &on, &directors, until, netns, look);
    }
    let default = ProbeOptions::default();
    let options = ProbeOptions {
        timeout: input::seconds("--timeout", args.timeout.as_deref(), default.timeout)?,
        requests: input::count("--requests", args.requests.as_deref(), default.requests)?,
        sender: match args.sender {
            AsksAs::Own => ProbeSender::Own,
            AsksAs::Unspecified => ProbeSender::Unspecified,
            AsksAs::Both => ProbeSender::Both,
        },
        directors,
        // Room for the largest list of VIPs with more than one responder each.
        most: default.most.max(vips.len().saturating_mul(4)).min(65_536),
    };
    let mut prober = input::host(netns)?.prober(&vips, &on, &options)?;
    prober.start()?;
    while !prober.dispatch()? {
        prober.wait(None)?;
    }
    let (responders, lost) = (prober.responders(), prober.lost());
    let verdict = Verdict::of(&vips, responders, lost, !options.directors.is_empty());
    let answer = match look.json {
        true => Answer::json(&Found { responders, lost }),
        false => Answer::text(text(responders, &verdict, lost, look.paint)),
    };
    Ok(answer.with_status(verdict.status()))
}

#[derive(Serialize)]
struct Found<'a> {
    responders: &'a [Responder],
    lost: u64,
}

/// How many VIPs are answered as they should be.
struct Verdict {
    vips: usize,
    /// A single VIP, which is named in the verdict.
    only: Option<IpAddr>,
    silent: Vec<IpAddr>,
    several: usize,
    /// Answered by one, who is none of the directors that were named.
    stranger: usize,
    directed: bool,
    responders: usize,
    /// Whether answers were lost: then a VIP may have been answered all the same.
    lossy: bool,
}

impl Verdict {
    fn of(vips: &[IpAddr], responders: &[Responder], lost: u64, directed: bool) -> Verdict {
        let mut verdict = Verdict {
            vips: vips.len(),
            only: if let [vip] = vips { Some(*vip) } else { None },
            silent: Vec::new(),
            several: 0,
            stranger: 0,
            directed,
            responders: responders.len(),
            lossy: lost > 0,
        };
        // Responders come in the order of the VIPs.
        let mut rest = responders;
        for vip in vips {
            let (own, others) = rest.split_at(rest.iter().take_while(|responder| responder.vip == *vip).count());
            rest = others;
            match own {
                [] => verdict.silent.push(*vip),
                [one] => verdict.stranger += usize::from(directed && !one.director),
                _ => verdict.several += 1,
            }
        }
        verdict
    }

    fn is_good(&self) -> bool {
        self.silent.is_empty() && self.several == 0 && self.stranger == 0
    }

    /// Whether nothing speaks against it but silence, and answers were lost.
    fn is_unknown(&self) -> bool {
        self.lossy && self.several == 0 && self.stranger == 0 && !self.silent.is_empty()
    }

    fn status(&self) -> i32 {
        match (self.is_good(), self.is_unknown()) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        }
    }

    fn line(&self, paint: Paint) -> String {
        if self.is_good() {
            let who = if self.directed { ", a director" } else { "" };
            let what = match self.only {
                Some(vip) => format!("{vip} has one responder{who}"),
                None => format!("each of {} VIPs has one responder{who}", self.vips),
            };
            return format!("{}: {what}", paint.tone(Tone::Good, "ok"));
        }
        if self.is_unknown() {
            let what = match self.only {
                Some(vip) => format!("whether {vip} is answered could not be told"),
                None => format!("of {} VIPs {} could not be told", self.vips, self.silent.len()),
            };
            return format!("{}: {what}", paint.tone(Tone::Doubtful, "unknown"));
        }
        let what = match self.only {
            Some(vip) if self.several > 0 => format!("{vip} has {} responders", self.responders),
            Some(vip) if self.stranger > 0 => format!("{vip} has one responder, who is no director"),
            Some(vip) => format!("{vip} has no responder"),
            None => {
                let counts = [
                    (self.several, "several responders"),
                    (self.stranger, "one that is no director"),
                    (self.silent.len(), "none"),
                ];
                let counts = counts.iter().filter(|(count, _)| *count > 0);
                let parts: Vec<String> = counts.map(|(count, what)| format!("{count} with {what}")).collect();
                format!("of {} VIPs {}", self.vips, parts.join(", "))
            }
        };
        format!("{}: {what}", paint.tone(Tone::Bad, "not ok"))
    }
}

fn text(responders: &[Responder], verdict: &Verdict, lost: u64, paint: Paint) -> String {
    let mut table = Table::default();
    if !responders.is_empty() {
        table.titles(["VIP", "MAC", "address", "answers", "delay", ""]);
    }
    for responder in responders {
        let address = responder.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
        let delay = format!("{:.3} ms", responder.delay.as_secs_f64() * 1e3);
        let cells = [responder.vip.to_string(), responder.mac.to_string(), address, responder.count.to_string(), delay];
        let (word, tone) = word(responder, verdict.directed);
        table.row(cells.iter().map(Cell::new).chain([Cell::toned(word, tone)]));
    }
    let mut text = table.render(paint);
    for vip in &verdict.silent {
        let nobody = if verdict.lossy { "no answer was read" } else { "nobody answers" };
        text.push_str(&format!("{nobody} for {vip}\n"));
    }
    if lost > 0 {
        text.push_str(&format!("{lost} answers were lost before they were read: the counts are too low\n"));
    }
    text + &verdict.line(paint) + "\n"
}

fn word(responder: &Responder, directed: bool) -> (String, Tone) {
    let mut word = match (responder.director, responder.ours) {
        (true, _) => "director",
        (false, true) => "ours",
        (false, false) => "unknown",
    }
    .to_owned();
    if responder.duplicate {
        word.push_str(", duplicate");
    }
    if responder.source != responder.mac {
        word.push_str(&format!(", sent by {}", responder.source));
    }
    let tone = match (responder.duplicate || directed && !responder.director, responder.director) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Good,
        (false, false) => Tone::Doubtful,
    };
    (word, tone)
}

/// Prints what is heard until the time is over or nobody reads any more.
fn listen(
    vips: &[IpAddr],
    on: &IfName,
    directors: &[Mac],
    until: Option<Instant>,
    netns: Option<&Netns>,
    look: Look,
) -> Result<Answer, Failure> {
    let mut listener = input::host(netns)?.listen(vips, on, directors)?;
    let (mut leaks, mut frames, mut printed) = (0_u64, 0_u64, Ok(true));
    // What has come when the time is over counts, however much it is; what comes while it is printed does not.
    let mut last_calls = 100;
    loop {
        let is_over = until.is_some_and(|until| until <= Instant::now());
        let count = listener.dispatch(&mut |heard| {
            frames += 1;
            leaks += u64::from(!heard.ours && !heard.director);
            if matches!(printed, Ok(true)) {
                let text = if look.json { answer::json(heard) } else { heard_line(heard, look.paint) };
                printed = stream::line(&text);
            }
        })?;
        last_calls -= i32::from(is_over);
        if is_over && (count == 0 || last_calls == 0) || !matches!(printed, Ok(true)) {
            break;
        }
        listener.wait(until.map(|until| until.saturating_duration_since(Instant::now())))?;
    }
    printed?;
    let status = if leaks > 0 { 1 } else { 0 };
    let text = match (look.json, listener.lost()) {
        (true, 0) => String::new(),
        (true, lost) => answer::json(&json!({ "lost": lost })) + "\n",
        (false, lost) => summary(frames, leaks, lost, look.paint),
    };
    Ok(Answer::text(text).with_status(status))
}

/// `12:00:01.234567 02:00:00:00:00:11 request 192.0.2.10 who-has 192.0.2.1 (leak)`; the time is UTC.
fn heard_line(heard: &Heard, paint: Paint) -> String {
    let since = heard.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs() % 86_400, since.subsec_micros());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let Heard { mac, source, vip, target, .. } = heard;
    let said = match heard.kind {
        HeardKind::Request => format!("request {vip} who-has {target}"),
        HeardKind::Reply => format!("reply {vip} is-at to {target}"),
        HeardKind::GratuitousRequest => format!("gratuitous-request {vip}"),
        HeardKind::GratuitousReply => format!("gratuitous-reply {vip}"),
        HeardKind::Solicitation => format!("solicitation {vip} who-has {target}"),
        HeardKind::Advertisement => format!("advertisement {vip} is-at to {target}"),
    };
    let sent_by = if source == mac { String::new() } else { format!(" sent by {source}") };
    let (word, tone) = match (heard.director, heard.ours) {
        (true, _) => ("(director)", Tone::Good),
        (false, true) => ("(ours)", Tone::Dim),
        (false, false) => ("(leak)", Tone::Bad),
    };
    let word = paint.tone(tone, word);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{micros:06} {mac} {said}{sent_by} {word}")
}

fn summary(frames: u64, leaks: u64, lost: u64, paint: Paint) -> String {
    let mut text = String::new();
    if lost > 0 {
        text.push_str(&format!("{lost} frames were lost before they were read\n"));
    }
    text + &match (frames, leaks) {
        (0, _) => format!("{}: nobody used a VIP as a sender\n", paint.tone(Tone::Good, "ok")),
        (_, 0) => format!("{}: only this host or a director used a VIP as a sender\n", paint.tone(Tone::Good, "ok")),
        _ => format!("{}: {leaks} of {frames} frames are leaks\n", paint.tone(Tone::Bad, "not ok")),
    }
}
