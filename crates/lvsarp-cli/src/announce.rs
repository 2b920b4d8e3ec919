//! `lvsarp announce`: the neighbours are told where the VIPs are.

use lvsarp::{AnnounceOptions, Netns};
use serde_json::json;

use crate::answer::{Answer, Look};
use crate::args::{AnnounceVipsArgs, Form};
use crate::failure::Failure;
use crate::input;

pub(crate) fn run(args: &AnnounceVipsArgs, netns: Option<&Netns>, look: Look) -> Result<Answer, Failure> {
    let default = AnnounceOptions::default();
    let options = AnnounceOptions {
        count: input::count("--count", args.count.as_deref(), default.count)?,
        interval: input::seconds("--interval", args.interval.as_deref(), default.interval)?,
        request: args.form != Form::Reply,
        reply: args.form != Form::Request,
        force: args.force,
    };
    let (vips, on) = (input::named_vips(&args.vips)?, input::interface(&args.on)?);
    let host = input::host(netns)?;
    if args.dry_run {
        let frames = host.plan_announce(&vips, &on, &options)?;
        return Ok(match look.json {
            true => Answer::json(&json!({ "would_send": frames })),
            false => Answer::text(format!("would send {frames} frames on {on}\n")),
        });
    }
    let sent = host.announce(&vips, &on, &options)?;
    Ok(match look.json {
        true => Answer::json(&json!({ "sent": sent })),
        false => Answer::text(format!("sent {sent} frames on {on}\n")),
    })
}
