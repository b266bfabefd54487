//! Witnesses: a case in which something holds, found by trying one cell after another.

use facts::Case;

use crate::cells::{Asked, partition};
use crate::epoch::Epoch;
use crate::judge::{Judge, Tri};
use crate::law::{ClauseId, Law};
use crate::missing::{Unknown, unknown_of};
use crate::totals::Totals;

/// A case in which a test holds, found by trying one cell after another; none where there is none, an error where the search
/// grew too long to say.
pub(crate) fn witness(
    law: &Law,
    epoch: &Epoch,
    start: &Case,
    want: &dyn Fn(&mut Judge<'_>) -> Tri,
    roots: &[ClauseId],
) -> Result<Option<Case>, ()> {
    let totals = Totals::default();
    let asked = Asked::by(law, epoch, roots);
    let mut search = Search { law, epoch, asked: &asked, totals: &totals, want, roots, left: LONGEST_SEARCH };
    search.from(start.clone())
}

/// How many cases one search for a witness may try.
const LONGEST_SEARCH: usize = 2_000;

struct Search<'a> {
    law: &'a Law,
    epoch: &'a Epoch,
    asked: &'a Asked<'a>,
    totals: &'a Totals,
    want: &'a dyn Fn(&mut Judge<'_>) -> Tri,
    roots: &'a [ClauseId],
    left: usize,
}

impl Search<'_> {
    fn from(&mut self, case: Case) -> Result<Option<Case>, ()> {
        let Search { law, epoch, asked, totals, want, roots, .. } = *self;
        self.left = self.left.checked_sub(1).ok_or(())?;
        let unknown = {
            let mut judge = Judge::new(law, epoch, &case, totals);
            match want(&mut judge) {
                Tri::True => return Ok(Some(case)),
                Tri::False => return Ok(None),
                Tri::Unknown => {}
            }
            let mut found = Vec::new();
            let mut seen = Vec::new();
            for root in roots {
                unknown_of(&mut judge, *root, &mut found, &mut seen);
            }
            found.sort();
            found.into_iter().find_map(|u| match u {
                Unknown::Field(id) => Some(id),
                Unknown::Doubt(_) => None,
            })
        };
        let Some(id) = unknown else { return Err(()) };
        let (cells, whole) = partition(law, epoch, asked, &case, totals, id);
        let mut unsure = !whole;
        for fact in cells.facts {
            let mut with = case.clone();
            with.set(id, fact);
            match self.from(with) {
                Ok(Some(case)) => return Ok(Some(case)),
                Ok(None) => {}
                Err(()) => unsure = true,
            }
        }
        if unsure { Err(()) } else { Ok(None) }
    }
}
