//! What a run came to: orders by outcome, money by payee, and the first bad rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use columns::{Line, UNSCREENED, told};
use comfy_table::{Cell, CellAlignment};
use facts::{Dictionary, FieldId};
use regime::Outcome;
use serde_json::{Value, json};

use crate::Exit;
use crate::screen::{Count, Paint, Screen, grouped, money};

/// How many bad rows are told.
const MOST_TOLD: usize = 20;
/// How many different things to know are counted, and how many are told.
const MOST_NOTICES: usize = 1000;
const MOST_CAVEATS: usize = 8;
/// How many facts are named that undetermined orders lack.
const MOST_LACKING: usize = 8;

type Payee = (String, String, String);

/// What is counted while rows go by.
#[derive(Default)]
pub(crate) struct Summary {
    decided: usize,
    bad: usize,
    outcomes: BTreeMap<Outcome, usize>,
    /// By payee, legal form and currency: the sum of what surely is due, how many orders, and how many amounts nobody knows.
    fees: BTreeMap<Payee, (i128, usize, usize)>,
    /// By fact: how many undetermined orders lack it.
    lacks: BTreeMap<FieldId, usize>,
    /// Orders of which the standard case stands in for a screening of the parties.
    unscreened: usize,
    /// Orders on days that some gate does not speak of.
    uncovered: usize,
    /// By what there is to know of answers: of how many orders.
    notices: BTreeMap<String, usize>,
    /// The first bad rows.
    told: Vec<(String, u64, String, String)>,
}

impl Summary {
    /// Counts a row. Fees of orders that may not move are not due.
    pub(crate) fn add(&mut self, line: &Line) {
        let answer = match &line.answer {
            Ok(answer) => answer,
            Err(problems) => {
                self.bad += 1;
                if self.told.len() < MOST_TOLD {
                    self.told.push((line.file.clone(), line.line, line.id.clone(), told(problems)));
                }
                return;
            }
        };
        self.decided += 1;
        *self.outcomes.entry(answer.said.outcome).or_insert(0) += 1;
        self.unscreened += usize::from(line.caveats.unscreened);
        self.uncovered += usize::from(!answer.said.uncovered.is_empty());
        for notice in line.notices(answer) {
            if let Some(orders) = self.notices.get_mut(notice) {
                *orders += 1;
            } else if self.notices.len() < MOST_NOTICES {
                self.notices.insert(notice.to_owned(), 1);
            }
        }
        for id in &answer.lacks {
            *self.lacks.entry(*id).or_insert(0) += 1;
        }
        for (fee, minor) in answer.due() {
            let entry = self.fees.entry((fee.payee.clone(), fee.legal_form.clone(), fee.currency.clone())).or_insert((0, 0, 0));
            entry.1 += 1;
            match minor {
                Some(minor) => entry.0 += i128::from(minor),
                None => entry.2 += 1,
            }
        }
    }

    /// What the run ends with.
    pub(crate) fn exit(&self) -> Exit {
        match (self.bad, self.uncovered) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Undetermined,
            _ => Exit::Problems,
        }
    }

    /// What anybody should know before reading on, a line each, with how many orders it concerns.
    fn caveats(&self) -> Vec<(String, usize)> {
        let unscreened = (self.unscreened > 0).then(|| (format!("holds only if {UNSCREENED}"), self.unscreened));
        let mut notices: Vec<(String, usize)> = self.notices.iter().map(|(notice, orders)| (notice.clone(), *orders)).collect();
        notices.sort_by_key(|(_, orders)| Reverse(*orders));
        unscreened.into_iter().chain(notices).collect()
    }

    /// The facts that undetermined orders lack, the one that most of them lack first.
    fn lacking(&self) -> Vec<(FieldId, usize)> {
        let mut lacking: Vec<(FieldId, usize)> = self.lacks.iter().map(|(id, count)| (*id, *count)).collect();
        lacking.sort_by_key(|(_, count)| Reverse(*count));
        lacking
    }

    /// As JSON.
    pub(crate) fn json(&self, dictionary: &Dictionary) -> Value {
        let outcomes: serde_json::Map<String, Value> =
            self.outcomes.iter().map(|(o, n)| (o.text().to_owned(), json!(n))).collect();
        let fees: Vec<Value> = self
            .fees
            .iter()
            .map(|((payee, form, currency), (minor, orders, unknown))| {
                json!({ "payee": payee, "legal_form": form, "currency": currency, "minor_units": minor.to_string(), "orders": orders, "unknown_amounts": unknown })
            })
            .collect();
        let lacks: Vec<Value> = self
            .lacking()
            .into_iter()
            .map(|(id, orders)| json!({ "fact": dictionary.field(id).name, "orders": orders }))
            .collect();
        let caveats = self.caveats().into_iter();
        let caveats: Vec<Value> = caveats.map(|(caveat, orders)| json!({ "caveat": caveat, "orders": orders })).collect();
        json!({ "decided": self.decided, "bad_rows": self.bad, "caveats": caveats, "outcomes": outcomes, "lacking": lacks, "fees": fees })
    }

    /// What to read before the decisions.
    pub(crate) fn opening(&self, screen: &Screen) -> String {
        let (caveats, mut text) = (self.caveats(), String::new());
        for (caveat, orders) in caveats.iter().take(MOST_CAVEATS) {
            let line = format!("{}: {caveat}", Count(*orders, "order", "orders"));
            text.push_str(&format!("{}\n", screen.paint(&screen.wrap(&line, 2), Paint::Unsure)));
        }
        if caveats.len() > MOST_CAVEATS {
            text.push_str(&format!("… and {} in the column `notice`\n", Count(caveats.len() - MOST_CAVEATS, "more", "more")));
        }
        text
    }

    /// As text: `standard` where facts were filled in, `whole` with the bad rows and where all of them stand.
    pub(crate) fn text(
        &self,
        screen: &Screen,
        dictionary: &Dictionary,
        (standard, several): (bool, bool),
        bad: Option<&str>,
    ) -> String {
        let standard = if standard { ", what was left out taken from the standard case" } else { "" };
        let mut text =
            format!("{} decided{standard}, {}\n", Count(self.decided, "order", "orders"), Count(self.bad, "bad row", "bad rows"));
        text.push_str(&self.opening(screen));
        let mut outcomes = screen.table(&["outcome", "orders"]);
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        for (outcome, count) in &self.outcomes {
            outcomes.add_row([screen.outcome(*outcome, outcome.text()), right(grouped(*count as i128))]);
        }
        text.push_str(&format!("{outcomes}\n"));
        let lacking = self.lacking();
        if !lacking.is_empty() {
            let mut table = screen.table(&["undetermined orders lack", "orders"]);
            for (id, count) in lacking.iter().take(MOST_LACKING) {
                table.add_row([Cell::new(&dictionary.field(*id).name), right(grouped(*count as i128))]);
            }
            text.push_str(&format!("{table}\n"));
            if lacking.len() > MOST_LACKING {
                text.push_str(&format!(
                    "… and {} that fewer orders lack\n",
                    Count(lacking.len() - MOST_LACKING, "fact", "facts")
                ));
            }
        }
        if !self.fees.is_empty() {
            let mut table = screen.table(&["payee", "legal form", "currency", "due", "orders"]);
            for ((payee, form, currency), (minor, count, unknown)) in &self.fees {
                let due = if *unknown > 0 { format!("{} and {} unknown", money(*minor), unknown) } else { money(*minor) };
                table.add_row([
                    Cell::new(payee),
                    Cell::new(form),
                    Cell::new(currency),
                    right(due),
                    right(grouped(*count as i128)),
                ]);
            }
            text.push_str(&format!("{table}\n"));
        }
        let Some(place) = bad else { return text };
        for (file, line, id, problem) in &self.told {
            let place = if several { format!("{file} line {line} ({id}):") } else { format!("line {line} ({id}):") };
            text.push_str(&format!("{} {problem}\n", screen.paint(&place, Paint::Bad)));
        }
        if self.bad > self.told.len() {
            text.push_str(&format!("… and {}; all are in {place}\n", Count(self.bad - self.told.len(), "more", "more")));
        }
        text
    }
}
