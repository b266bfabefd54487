//! `tollgate explain`: one order, decided at every gate, with its reasons as a tree.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use columns::{Judge, UNSCREENED};
use facts::{Case, Fact, Number, Order, Problem};
use regime::{Corridor, CorridorDecision, Explanation, Library, NearNames, Outcome, Totals, explain};
use serde_json::json;

use crate::Exit;
use crate::args::{Common, ExplainArgs};
use crate::decide;
use crate::pack;
use crate::screen::{Failure, Paint, Screen, paint_of};

/// Explains one order.
pub(crate) fn run(screen: &Screen, common: &Common, args: &ExplainArgs) -> Result<Exit, Failure> {
    let library = pack::library(common)?;
    let mut corridor = pack::corridor(&library, &args.look)?;
    let point = args.decimal.is_some();
    let (case, assumed, totals) = match (&args.order, args.row) {
        (Some(book), Some(line)) => {
            let judge = Judge::new(corridor.clone(), false);
            let (case, totals) = decide::row((&library, common), judge, Path::new(book), line, (false, point))?;
            if args.facts.standard {
                // With what is filled in, other rows may count.
                let judge = Judge::new(corridor.clone(), false);
                let (filled, totals) = decide::row((&library, common), judge, Path::new(book), line, (true, point))?;
                let assumed = filled.known().map(|(id, _)| id).filter(|id| *case.fact(*id) == Fact::Unknown).collect();
                (filled, assumed, totals)
            } else {
                (case, Vec::new(), totals)
            }
        }
        _ => {
            let mut case = order(&library, args)?;
            let assumed = if args.facts.standard { case.fill_standard(&library.dictionary) } else { Vec::new() };
            let totals = totals(&mut corridor, &case, &args.totals)?;
            (case, assumed, totals)
        }
    };
    let decision = corridor.decide(&case, &totals);
    let mut gates = Vec::new();
    for gate in 0..corridor.laws.len() {
        let epoch = corridor.epoch(gate, case.day).cloned();
        if let (Some(law), Some(epoch), Some(totals)) = (corridor.laws.get(gate), epoch, totals.get(gate)) {
            gates.push(explain(law, &epoch, &corridor.lens, &case, totals));
        }
    }
    let near = NearNames::of(&corridor.laws, &library.dictionary, &library.catalogue);
    let mut notices = near.warnings(&library.dictionary, &case);
    notices.extend(corridor.notices(case.day, &decision));
    let holds_if = library.dictionary.any_screened(&assumed).then_some(UNSCREENED);
    let assumed: Vec<(String, String)> = assumed
        .iter()
        .map(|id| (library.dictionary.field(*id).name.clone(), library.dictionary.spell(*id, case.fact(*id))))
        .collect();
    if screen.json {
        screen.json(&json!({
            "outcome": decision.outcome.text(),
            "holds_if": holds_if,
            "notices": notices,
            "between": (decision.outcome == Outcome::Undetermined).then(|| [decision.mildest.text(), decision.strictest.text()]),
            "assumed": assumed.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "gates": gates,
        }))?;
    } else {
        screen.out(&page(screen, &corridor, &decision, &gates, (holds_if, &notices, &assumed), args.long))?;
    }
    Ok(if decision.outcome == Outcome::Undetermined { Exit::Undetermined } else { Exit::Done })
}

/// The order that flags or JSON state.
fn order(library: &Library, args: &ExplainArgs) -> Result<Case, Failure> {
    let text = match args.order.as_deref() {
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().take(1 << 20).read_to_string(&mut text).map_err(|e| Failure::io(Path::new("standard input"), &e))?;
            Some(text)
        }
        Some(text) => Some(text.to_owned()),
        None => None,
    };
    if let Some(text) = text {
        if args.facts.on.is_some() || args.facts.chip.is_some() || args.facts.to.is_some() || !args.facts.facts.is_empty() {
            return Err(Failure::Usage(
                "an order is given as JSON or as flags, not as both".to_owned(),
                "put all facts in one place".to_owned(),
            ));
        }
        if !text.trim_start().starts_with('{') && args.order.as_deref().is_some_and(|name| Path::new(name).exists()) {
            return Err(Failure::Usage(
                format!("{text} is an order book, and one of its rows is explained"),
                "say which: --row LINE, as in the column `line` of decisions".to_owned(),
            ));
        }
        return Order::from_json(&library.dictionary, &library.catalogue, "order", text.trim())
            .map(|o| o.case)
            .map_err(Failure::Problems);
    }
    if args.facts.on.is_none() {
        return Err(Failure::Usage("the day is missing: the law depends on it".to_owned(), "say --on YYYY-MM-DD".to_owned()));
    }
    let pairs = args.facts.pairs()?;
    Order::typed(&library.dictionary, &library.catalogue, "flags", &pairs).map(|o| o.case).map_err(Failure::Problems)
}

/// NAME=VALUE pairs.
pub(crate) fn named(flags: &[String]) -> Result<Vec<(String, String)>, Failure> {
    flags
        .iter()
        .map(|flag| {
            let pair = flag.split_once('=').map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned()));
            pair.ok_or_else(|| Failure::Usage(format!("`{flag}` is not NAME=VALUE"), "as in -f tpp=4708".to_owned()))
        })
        .collect()
}

/// Totals of every gate, unknown but for those that are stated.
fn totals(corridor: &mut Corridor, case: &Case, stated: &[String]) -> Result<Vec<Totals>, Failure> {
    let mut totals: Vec<Totals> = corridor.laws.iter().map(|_| Totals::default()).collect();
    for (name, value) in named(stated)? {
        let number = Number::parse(&value)
            .map_err(|why| Failure::Unknown(format!("--total {name}: {why}"), "as in --total cn-shipped=0".to_owned()))?;
        let mut found = false;
        for (gate, totals) in totals.iter_mut().enumerate() {
            let epoch = corridor.epoch(gate, case.day).cloned();
            if let (Some(law), Some(epoch)) = (corridor.laws.get(gate), epoch)
                && let Some(quota) = law.clause_id(&name).filter(|c| law.clause(*c).kind == regime::ClauseKind::Quota)
            {
                totals.state(law, &epoch, case, quota, number.exact());
                found = true;
            }
        }
        if !found {
            return Err(Failure::Unknown(format!("no quota `{name}`"), "`tollgate show clauses` lists them".to_owned()));
        }
    }
    Ok(totals)
}

fn page(
    screen: &Screen,
    corridor: &Corridor,
    decision: &CorridorDecision,
    gates: &[Explanation],
    (holds_if, notices, assumed): (Option<&str>, &[String], &[(String, String)]),
    long: bool,
) -> String {
    let mut text = format!("{}\n", screen.paint(&decision.outcome.text().to_uppercase(), paint_of(decision.outcome)));
    if decision.outcome == Outcome::Undetermined {
        let _ = writeln!(text, "  between {} and {}", decision.mildest, decision.strictest);
    }
    for caveat in holds_if.map(|condition| format!("holds only if {condition}")).iter().chain(notices) {
        let _ = writeln!(text, "  {}", screen.paint(&screen.wrap(caveat, 2), Paint::Unsure));
    }
    for ((gate, own), law) in gates.iter().zip(&decision.gates).zip(&corridor.laws) {
        let binds = gates.len() > 1 && own.strictest == decision.strictest && decision.strictest != Outcome::Free;
        text.push('\n');
        if !own.in_scope {
            let _ = writeln!(
                text,
                "{} {}",
                screen.paint(&law.id, Paint::Strong),
                screen.paint("has nothing to say of this shipment", Paint::Faint)
            );
            continue;
        }
        gate_page(screen, gate, own.outcome, binds, long, &mut text);
    }
    if !assumed.is_empty() {
        let list: Vec<String> = assumed.iter().map(|(n, v)| format!("{n} = {v}")).collect();
        let _ = writeln!(text, "\nassumed (standard case): {}", screen.wrap(&list.join(", "), 2));
    }
    text
}

fn gate_page(screen: &Screen, gate: &Explanation, outcome: Outcome, binds: bool, long: bool, text: &mut String) {
    let law = match (&gate.law_from, &gate.law_until) {
        (Some(from), Some(until)) => format!("law of {from} to {until}"),
        (Some(from), None) => format!("law from {from} on"),
        (None, Some(until)) => format!("law before {until}"),
        (None, None) => "no change ever".to_owned(),
    };
    let known = gate.known.as_ref().map_or(String::new(), |k| format!(", known by {k}"));
    let drafts = if gate.drafts.is_empty() { String::new() } else { format!(", with draft {}", gate.drafts.join(", ")) };
    let head = format!("{} on {} ({law}; {}{known}{drafts})", gate.regime, gate.day, gate.view);
    let binding = if binds { "  ← binds" } else { "" };
    let _ =
        writeln!(text, "{}\n  {}{binding}", screen.paint(&head, Paint::Strong), screen.paint(&gate.outcome, paint_of(outcome)));
    if let Some((mild, strict)) = &gate.between {
        let _ = writeln!(text, "  between {mild} and {strict}");
    }
    let deciders: Vec<&str> = [&gate.by, &gate.review].into_iter().flatten().map(String::as_str).collect();
    if !deciders.is_empty() {
        let _ = writeln!(text, "  decided by {}", deciders.join(", judged by "));
    }
    section(
        text,
        "needs",
        gate.needs.iter().map(|n| {
            let paint = match n.status {
                "met" => Paint::Good,
                "failed" => Paint::Bad,
                _ => Paint::Middling,
            };
            format!("{} {}: {} ({})", screen.paint(n.status, paint), n.clause, n.title, n.attested_by)
        }),
    );
    section(
        text,
        "fees",
        gate.fees.iter().map(|f| {
            let amount = f.amount.clone().unwrap_or_else(|| "amount unknown".to_owned());
            let sure = if f.certain { "" } else { " (may apply)" };
            format!("{amount} {} to {} as {}{sure}: {} = {}", f.currency, f.payee, f.legal_form, f.clause, f.reckoned)
        }),
    );
    section(text, "missing", gate.missing.iter().map(|m| screen.wrap(&format!("{}: {} ({})", m.field, m.meaning, m.source), 6)));
    section(text, "doubts about the law", gate.doubts.iter().cloned());
    let ways = if gate.ways_exhaustive { "what each way leads to" } else { "what some ways lead to" };
    section(
        text,
        ways,
        gate.ways.iter().map(|w| {
            let outcome = Outcome::parse(&w.outcome).unwrap_or(Outcome::Undetermined);
            let by = w.by.as_ref().map_or(String::new(), |by| format!(" ({by})"));
            format!("{} → {}{by}", w.given.join(", "), screen.paint(&w.outcome, paint_of(outcome)))
        }),
    );
    reasons(screen, gate, long, text);
    let near = gate.near.iter().take(if long { 20 } else { 5 }).map(|n| {
        let then =
            n.then.as_ref().map_or("the clause would apply, the answer stays".to_owned(), |then| format!("otherwise {then}"));
        screen.wrap(&format!("{}: {}, by {} ({:.1} %): {then}", n.clause, n.text, trimmed(n.gap), n.share * 100.0), 6)
    });
    section(text, "came out narrowly", near);
    section(text, "notices", gate.notices.iter().map(|n| screen.wrap(n, 6)));
    if long {
        section(text, "facts used", gate.facts.iter().map(|(n, v)| format!("{n} = {v}")));
        let _ = writeln!(text, "  pack    {}", screen.paint(&gate.pack, Paint::Faint));
    }
    let _ = writeln!(text, "  receipt {}", screen.paint(&gate.receipt, Paint::Faint));
}

fn reasons(screen: &Screen, gate: &Explanation, long: bool, text: &mut String) {
    if gate.reasons.is_empty() {
        return;
    }
    let _ = writeln!(text, "  because");
    let shown = if long { gate.reasons.len() } else { gate.reasons.len().min(MOST_REASONS) };
    let hidden = gate.reasons.len() - shown;
    let last = if hidden > 0 { shown } else { shown - 1 };
    for (i, reason) in gate.reasons.iter().take(shown).enumerate() {
        let (branch, rail) = if i == last { ("└─", "   ") } else { ("├─", "│  ") };
        let unsure = if reason.holds == "unknown" { screen.paint(" may apply", Paint::Unsure) } else { String::new() };
        let _ =
            writeln!(text, "  {branch} {} {} {}{unsure}", reason.kind, screen.paint(&reason.clause, Paint::Strong), reason.title);
        let source = format!("{}, from {}, confidence {}", reason.citation, reason.from, reason.confidence);
        let _ = writeln!(text, "  {rail}  {}", screen.paint(&source, Paint::Faint));
        let told = if long { reason.steps.as_slice() } else { &[] };
        for step in told {
            let (mark, paint) = match step.holds {
                "true" => ("✓", Paint::Good),
                "false" => ("✗", Paint::Faint),
                _ => ("?", Paint::Unsure),
            };
            let _ =
                writeln!(text, "  {rail}  {}{} {}", "  ".repeat(usize::from(step.depth)), screen.paint(mark, paint), step.text);
        }
        // Without --long the comparisons that made it so are enough.
        if !long {
            for step in reason.steps.iter().filter(|s| s.holds == reason.holds && numeric(&s.text)) {
                let _ = writeln!(text, "  {rail}  {}", step.text);
            }
        }
    }
    if hidden > 0 {
        let _ = writeln!(text, "  └─ and {hidden} more, with every test: --long");
    }
}

/// How many clauses are told without --long.
const MOST_REASONS: usize = 14;

/// Whether a step compares numbers.
fn numeric(step: &str) -> bool {
    [" >= ", " <= ", " > ", " < ", " = ", " <> "].iter().any(|sign| step.contains(sign))
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut first = true;
    for line in lines {
        if first {
            let _ = writeln!(text, "  {title}");
            first = false;
        }
        let _ = writeln!(text, "    {line}");
    }
}

/// Problems of a list of facts, for rooms that read flags.
pub(crate) fn flags(library: &Library, pairs: &[(String, String)]) -> Result<Case, Vec<Problem>> {
    Order::typed(&library.dictionary, &library.catalogue, "flags", pairs).map(|o| o.case)
}
