//! `tollgate diff`: what changes between two days, or between law and draft.

use columns::UNSCREENED;
use comfy_table::Cell;
use regime::{Change, diff, places};
use serde_json::json;

use crate::Exit;
use crate::args::{Common, DiffArgs};
use crate::classify::{country, standing, unscreened};
use crate::pack;
use crate::screen::{Count, Failure, Screen};

/// How many country codes a row names.
const MOST: usize = 6;

/// Compares.
pub(crate) fn run(screen: &Screen, common: &Common, args: &DiffArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let mut after = pack::corridor(&library, &args.look)?;
    let drafted = after.laws.iter().flat_map(|law| law.drafts.iter().filter(|d| law.overlaid.contains(&d.id)));
    // Without a day, law and draft are compared where the last of the drafts is taken to be in force.
    let drafted = drafted.filter_map(|d| d.from).max();
    let days = match (args.before, args.after, args.on.or(drafted), args.look.drafts.is_empty()) {
        (Some(before), Some(after), ..) if args.on.is_none() => (before, after),
        (None, None, Some(on), false) => (on, on),
        (Some(on), None, _, false) if args.on.is_none() => (on, on),
        _ => {
            let hint = "say `diff DAY1 DAY2`, or `diff --draft NAME --on DAY`".to_owned();
            return Err(Failure::Usage("two days, or a draft and a day, are needed".to_owned(), hint));
        }
    };
    let mut look = args.look.clone();
    if days.0 == days.1 {
        look.drafts.clear();
    }
    let mut before = pack::corridor(&library, &look)?;
    let mut changes = diff((&mut before, days.0), (&mut after, days.1), &library.dictionary, &library.catalogue);
    if let Some(to) = &args.to {
        let only = country(&library, to)?;
        changes.retain_mut(|c| {
            c.place.countries.retain(|p| *p == only);
            !c.place.countries.is_empty()
        });
    }
    let (mut notices, mut covered) = (Vec::new(), true);
    for (corridor, day) in [(&before, days.0), (&after, days.1)] {
        for law in &corridor.laws {
            let uncovered = law.on(day, &corridor.lens).uncovered;
            covered &= uncovered.is_none();
            notices.extend(uncovered.or_else(|| law.read_up_to(day)).map(|notice| format!("{day}: {notice}")));
        }
    }
    notices.dedup();
    let exit = if covered { Exit::Done } else { Exit::Undetermined };
    if screen.json {
        let rows: Vec<_> = changes
            .iter()
            .map(|c| {
                let codes: Vec<&str> = c.place.countries.iter().map(|p| library.dictionary.countries.code(*p)).collect();
                json!({ "chip": c.chip, "countries": codes, "before": standing(&c.before), "after": standing(&c.after) })
            })
            .collect();
        screen.json(
            &json!({ "before": days.0.to_string(), "after": days.1.to_string(), "drafts": args.look.drafts, "holds_if": UNSCREENED, "notices": notices, "changes": rows }),
        )?;
        return Ok(exit);
    }
    let mut head = format!("{}\n", unscreened(screen));
    notices.iter().for_each(|notice| head.push_str(&format!("{}\n", screen.wrap(notice, 2))));
    let mut table = screen.table(&["part", "places", "before", "after", "by"]);
    for Change { chip, before, after, place } in &changes {
        table.add_row([
            Cell::new(chip),
            Cell::new(places(&library.dictionary, place, MOST)),
            screen.outcome(before.outcome, &before.said),
            screen.outcome(after.outcome, &after.said),
            Cell::new(if after.by.is_empty() { format!("no longer {}", before.by) } else { after.by.clone() }),
        ]);
    }
    let mut parts: Vec<&str> = changes.iter().map(|c| c.chip.as_str()).collect();
    parts.dedup();
    let what = if days.0 == days.1 {
        let drafts = args.look.drafts.join(" and ");
        format!("on {}{}", days.0, if drafts.is_empty() { String::new() } else { format!(" under {drafts}") })
    } else {
        format!("from {} to {}", days.0, days.1)
    };
    if changes.is_empty() {
        screen.out(&format!("{head}nothing changes {what}"))?;
    } else {
        screen.out(&format!("{head}{table}\n{} change {what} (standard case)", Count(parts.len(), "part", "parts")))?;
    }
    Ok(exit)
}
