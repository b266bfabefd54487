//! Drafts: pages laid over a regime. A draft replaces clauses from a day on, or adds some; it never copies the regime.

use facts::{Keys, Pack, Problem, parse_toml};

use crate::law::{DraftInfo, Law};

/// The draft that a path inside a regime's folder belongs to.
pub(crate) fn draft_of(path: &str) -> Option<String> {
    let rest = path.strip_prefix("drafts/")?;
    Some(rest.split('/').next().unwrap_or_default().to_owned())
}

/// Whether a path is read when these drafts are laid over the regime.
pub(crate) fn belongs(path: &str, drafts: &[String]) -> bool {
    if path.ends_with("draft.toml") {
        return false;
    }
    draft_of(path).is_none_or(|draft| drafts.contains(&draft))
}

/// Every draft of a regime, in order of name.
pub(crate) fn drafts(pack: &Pack, id: &str, problems: &mut Vec<Problem>) -> Vec<DraftInfo> {
    let folder = format!("regimes/{id}/");
    let mut found = Vec::new();
    for source in pack.under(&folder).filter(|s| s.path.ends_with("/draft.toml")) {
        let name = draft_of(source.path.get(folder.len()..).unwrap_or_default()).unwrap_or_default();
        let table = parse_toml(source, 0..source.text.len(), problems);
        let mut keys = Keys::new(source, 0, table.get_ref(), 0..0, problems);
        let stated = keys.must("id");
        if let Some(stated) = stated.filter(|s| s.value != name) {
            keys.report(stated.at, format!("the folder is `{name}`"), "the id and the folder's name are the same");
        }
        let title = keys.must("title").map(|t| t.value).unwrap_or_default();
        let status = keys.text("status").map(|t| t.value).unwrap_or_default();
        let from = keys.day("from").map(|d| d.0);
        let note = keys.text("note").map(|t| t.value).unwrap_or_default();
        keys.finish();
        found.push(DraftInfo { id: name, title, status, from, note });
    }
    found
}

/// Ends the regime's own versions where a draft's begin. Two drafts that state one clause contradict each other.
pub(crate) fn replace(law: &mut Law, problems: &mut Vec<Problem>) {
    let mut clashes = Vec::new();
    for clause in law.clauses.iter_mut().filter(|c| c.draft.is_none()) {
        let mut drafts: Vec<(String, facts::Date, crate::law::InstrumentId)> = Vec::new();
        for version in &clause.versions {
            if let Some(draft) = &version.draft
                && !drafts.iter().any(|(d, ..)| d == draft)
            {
                drafts.push((draft.clone(), version.from, version.by));
            }
        }
        if let [(first, ..), (second, ..), ..] = drafts.as_slice() {
            let place = clause.versions.iter().find(|v| v.draft.as_ref() == Some(second)).map(|v| v.at.clone());
            clashes.push((place.unwrap_or_default(), format!("drafts `{first}` and `{second}` both replace `{}`", clause.id)));
        }
        if let Some((_, from, by)) = drafts.first() {
            clause.versions.retain(|v| v.draft.is_some() || v.from < *from);
            for version in clause.versions.iter_mut().filter(|v| v.draft.is_none() && v.until.is_none_or(|until| until >= *from))
            {
                version.until = from.yesterday().ok();
                version.ended_by = Some(*by);
            }
            for version in clause.versions.iter_mut().filter(|v| v.draft.is_some()) {
                version.after_gap.get_or_insert_with(|| "a draft replaces the clause from this day on".to_owned());
            }
        }
    }
    for (place, message) in clashes {
        problems
            .push(law.problem(&place, message).hint("lay one of them over the regime, or make a draft that says how they meet"));
    }
}
