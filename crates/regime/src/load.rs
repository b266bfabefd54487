//! Pages to law: every text is read, every name resolved, and all problems are given at once.

mod link;
mod page;
mod rule;
mod tables;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use facts::{Date, Dictionary, Keys, Pack, Problem, Source, Text, Unit, Units, nearest, parse_toml};
use toml::Spanned;
use toml::de::DeTable;

use self::tables::{dated, group, instrument};
use crate::cases::Table;
use crate::law::{Clause, ClauseId, ClauseKind, Dated, DraftInfo, Instrument, Law, Spot, Tables, Value};
use crate::overlay;
use crate::tree::Test;
use link::{overridden, tangle};
use page::{Block, Page, Part, parts};
use rule::{Resolver, body, head};

impl Law {
    /// Reads the regime `id` of a pack, with drafts laid over it. Without a law there is nothing to go on with; with
    /// one, problems of severity error still mean that it must not decide anything.
    pub fn read(
        pack: &Pack,
        id: &str,
        dictionary: &Arc<Dictionary>,
        drafts: &[String],
        problems: &mut Vec<Problem>,
    ) -> Option<Law> {
        let folder = format!("regimes/{id}/");
        let sources: Vec<Source> = pack
            .under(&folder)
            .filter(|s| overlay::belongs(s.path.get(folder.len()..).unwrap_or_default(), drafts))
            .cloned()
            .collect();
        let known_drafts = overlay::drafts(pack, id, problems);
        for draft in drafts.iter().filter(|d| !known_drafts.iter().any(|k| k.id == **d)) {
            let near = nearest(draft, known_drafts.iter().map(|k| k.id.as_str())).join(", ");
            let nowhere = Source { path: folder.clone(), text: String::new() };
            problems.push(nowhere.problem(0..0, format!("no draft `{draft}` of `{id}`")).hint(format!("near it: {near}")));
        }
        let mut loader = Loader { sources: &sources, folder: &folder, dictionary, drafts: &known_drafts, problems };
        let mut law = loader.law(id)?;
        law.overlaid = drafts.to_vec();
        law.overlaid.sort();
        law.drafts = known_drafts;
        Some(law)
    }
}

struct Loader<'a, 'p> {
    sources: &'a [Source],
    folder: &'a str,
    dictionary: &'a Arc<Dictionary>,
    drafts: &'a [DraftInfo],
    problems: &'p mut Vec<Problem>,
}

impl<'a> Loader<'a, '_> {
    fn law(&mut self, id: &str) -> Option<Law> {
        let mut law = self.head(id)?;
        law.sources = self.sources.to_vec();
        let mut pages = Vec::new();
        let mut groups = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            if source.path.ends_with(".md") {
                self.page(at, source, &mut pages, &mut groups, &mut law.case_tables);
            } else if !source.path.ends_with(".toml") {
                self.problems
                    .push(source.problem(0..0, "this file is no part of a regime").hint("pages end in .md, tables in .toml"));
            }
        }
        // The regime's own pages come first: a draft's page stands in for one of them.
        pages.sort_by_key(|p| p.draft.is_some());
        law.instruments = self.instruments();
        self.register(&mut law, &pages);
        self.groups(&mut law, &groups);
        self.values(&mut law, &pages);
        self.scope(&mut law);
        self.versions(&mut law, &pages);
        overlay::replace(&mut law, self.problems);
        self.suspensions(&mut law);
        if let Some(tangle) = tangle(&law) {
            let (clause, message, hint) = tangle.told(&law);
            let at = &law.clause(clause).heading;
            let source = self.sources.get(at.source)?;
            self.problems.push(source.problem(at.at.clone(), message).hint(hint));
            return None;
        }
        law.tables = link::tables(&law);
        Some(law)
    }

    fn keys<'s>(&'s mut self, source: &'a Source, table: &'s Spanned<DeTable<'a>>, base: usize, at: Range<usize>) -> Keys<'s, 's>
    where
        'a: 's,
    {
        Keys::new(source, base, table.get_ref(), at, self.problems)
    }

    fn head(&mut self, id: &str) -> Option<Law> {
        let path = format!("{}regime.toml", self.folder);
        let Some(source) = self.sources.iter().find(|s| s.path == path) else {
            let nowhere = Source { path, text: String::new() };
            self.problems.push(
                nowhere
                    .problem(0..0, format!("regime `{id}` has no regime.toml"))
                    .hint("a regime is a folder under regimes/ with a regime.toml"),
            );
            return None;
        };
        let table = parse_toml(source, 0..source.text.len(), self.problems);
        let mut keys = self.keys(source, &table, 0, 0..0);
        let stated = keys.must("id");
        if let Some(stated) = stated.filter(|s| s.value != id) {
            keys.report(stated.at, format!("the folder is `{id}`"), "the id and the folder's name are the same");
        }
        let title = keys.must("title").map(|t| t.value).unwrap_or_default();
        let authority = keys.must("authority").map(|t| t.value).unwrap_or_default();
        let side = keys.must("side");
        if let Some(side) = side.as_ref().filter(|s| s.value != "exporter" && s.value != "importer") {
            keys.report(side.at.clone(), format!("`{}` is no side", side.value), "exporter or importer");
        }
        let currency = keys.must("currency").map(|t| t.value).unwrap_or_default();
        keys.must("scope");
        let [covers_from, as_of] = ["covers_from", "as_of"].map(|name| {
            let day = keys.day(name);
            if day.is_none() {
                keys.missing(name);
            }
            day
        });
        if let (Some((from, at)), Some((read, _))) = (&covers_from, &as_of)
            && from > read
        {
            keys.report(at.clone(), format!("the first day covered lies after {read}, the day up to which facts were read"), "");
        }
        let questions = keys.texts("questions").into_iter().map(|t| t.value).collect();
        keys.finish();
        Some(Law {
            id: id.to_owned(),
            title,
            authority,
            side: side.map(|s| s.value).unwrap_or_default(),
            currency,
            scope: Test::Is(true),
            covers_from: covers_from.map_or(Date::MAX, |d| d.0),
            as_of: as_of.map_or(Date::MIN, |d| d.0),
            questions,
            dictionary: self.dictionary.clone(),
            clauses: Vec::new(),
            values: Vec::new(),
            groups: Vec::new(),
            instruments: Vec::new(),
            drafts: Vec::new(),
            overlaid: Vec::new(),
            sources: Vec::new(),
            hash: std::sync::OnceLock::new(),
            case_tables: Vec::new(),
            by_id: HashMap::new(),
            tables: Tables::default(),
        })
    }

    fn page(
        &mut self,
        at: usize,
        source: &'a Source,
        pages: &mut Vec<Page<'a>>,
        groups: &mut Vec<Block<'a>>,
        cases: &mut Vec<Table>,
    ) {
        let draft = overlay::draft_of(source.path.get(self.folder.len()..).unwrap_or_default());
        let name = source.path.rsplit('/').next().unwrap_or_default();
        let mut page = Page {
            source: at,
            id: String::new(),
            title: String::new(),
            prose: String::new(),
            heading: 0..0,
            rules: Vec::new(),
            values: Vec::new(),
            kind: None,
            unit: Unit::none(),
            draft: draft.clone(),
        };
        let mut page_groups = 0;
        let mut page_cases = Vec::new();
        for part in parts(&source.text) {
            match part {
                Part::Heading(range, text) => {
                    let (id, title) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
                    (page.id, page.title, page.heading) = (id.to_owned(), title.trim().to_owned(), range);
                }
                Part::Prose(text) => page.prose = text,
                Part::Fence { info, content, at: whole } => {
                    let words: Vec<&str> = info.split_whitespace().collect();
                    match words.as_slice() {
                        ["cases"] => page_cases.push(content),
                        ["toml", word @ ("rule" | "values" | "group")] => {
                            let table = parse_toml(source, content.clone(), self.problems);
                            let block = Block { source: at, table, base: content.start, at: whole };
                            match *word {
                                "rule" => page.rules.push(block),
                                "values" => page.values.push(block),
                                _ => {
                                    page_groups += 1;
                                    groups.push(block);
                                }
                            }
                        }
                        _ => self.problems.push(
                            source
                                .problem(
                                    whole.start..whole.start + 3 + info.len(),
                                    format!("a block `{info}` means nothing here"),
                                )
                                .hint("toml rule, toml values, toml group or cases"),
                        ),
                    }
                }
            }
        }
        if page.heading.is_empty() {
            let start = source.text.len().min(1);
            self.problems.push(source.problem(0..start, "the page has no heading").hint("begin with `# ID  Title`"));
            return;
        }
        if page.rules.is_empty() && page.values.is_empty() && page_groups == 0 {
            self.problems.push(source.problem(page.heading.clone(), "the page states nothing").hint("add a block `toml rule`"));
        }
        for content in page_cases {
            cases.extend(Table::read(at, source, content, draft.clone(), self.dictionary, self.problems));
        }
        if name == "groups.md" || (page.rules.is_empty() && page.values.is_empty()) {
            return;
        }
        self.kind(source, &mut page);
        pages.push(page);
    }

    /// The kind of a page and, for a quantity, its unit: other pages need them before any expression is read.
    fn kind(&mut self, source: &'a Source, page: &mut Page<'a>) {
        for block in &page.rules {
            let text = |key: &str| {
                let value = block.table.get_ref().get(key)?;
                Some((value.get_ref().as_str()?, value.span().start + block.base..value.span().end + block.base))
            };
            let Some((word, at)) = text("kind") else {
                self.problems.push(
                    source
                        .problem(block.at.start..block.at.start + 3, "`kind` is missing")
                        .hint("add `kind = \"requirement\"` or another"),
                );
                continue;
            };
            let kind = ClauseKind::ALL.iter().find(|(w, _)| *w == word).map(|(_, k)| *k);
            match (kind, page.kind) {
                (None, _) => {
                    let words: Vec<&str> = ClauseKind::ALL.iter().map(|(w, _)| *w).collect();
                    self.problems.push(source.problem(at, format!("`{word}` is no kind of clause")).hint(words.join(", ")));
                }
                (Some(kind), Some(first)) if kind != first => {
                    self.problems.push(
                        source
                            .problem(at, format!("this version is a {kind}, the one before a {first}"))
                            .hint("versions of one clause are of one kind"),
                    );
                }
                (Some(kind), _) => page.kind = Some(kind),
            }
            if let Some((unit, at)) = text("unit") {
                match self.dictionary.units.parse(unit) {
                    Ok(unit) if page.unit.to_string().is_empty() || page.unit == unit => page.unit = unit,
                    Ok(unit) => {
                        let message = format!("this version is in {unit}, the one before in {}", page.unit);
                        self.problems.push(source.problem(at, message).hint("versions of one quantity are in one unit"));
                    }
                    Err(why) => self.problems.push(source.problem(at, why)),
                }
            }
        }
    }

    fn register(&mut self, law: &mut Law, pages: &[Page<'a>]) {
        for page in pages.iter().filter(|p| p.kind.is_some()) {
            let Some(source) = self.sources.get(page.source) else { continue };
            if let Some(first) = law.by_id.get(&page.id) {
                let first = law.clause(*first);
                let merges = page.draft.is_some() && first.draft.is_none();
                if merges && page.kind.is_some_and(|k| k != first.kind) {
                    let message = format!("`{}` is a {} in the regime", page.id, first.kind);
                    self.problems
                        .push(source.problem(page.heading.clone(), message).hint("a draft replaces a clause by one of its kind"));
                }
                if merges && page.unit != first.unit {
                    let message = format!("`{}` is in {} in the regime", page.id, first.unit);
                    self.problems.push(source.problem(page.heading.clone(), message).hint("other pages read it in that unit"));
                }
                if !merges {
                    let hint = match (&first.draft, &page.draft) {
                        (Some(a), Some(b)) => format!("drafts `{a}` and `{b}` both state it: lay one of them over the regime"),
                        _ => format!("the other is {}", first.path),
                    };
                    self.problems
                        .push(source.problem(page.heading.clone(), format!("two pages are called `{}`", page.id)).hint(hint));
                }
                continue;
            }
            if law.clauses.len() >= usize::from(u16::MAX) {
                self.problems.push(source.problem(page.heading.clone(), "a regime has at most 65,535 clauses"));
                return;
            }
            law.by_id.insert(page.id.clone(), ClauseId(law.clauses.len() as u16));
            law.clauses.push(Clause {
                id: page.id.clone(),
                title: page.title.clone(),
                prose: page.prose.clone(),
                kind: page.kind.unwrap_or(ClauseKind::Class),
                unit: page.unit.clone(),
                versions: Vec::new(),
                draft: page.draft.clone(),
                path: source.path.clone(),
                heading: Spot { source: page.source, at: page.heading.clone() },
                overridden_by: Vec::new(),
            });
        }
    }

    fn instruments(&mut self) -> Vec<Instrument> {
        let mut all: Vec<Instrument> = Vec::new();
        for (at, source) in self.sources.iter().enumerate().filter(|(_, s)| s.path.ends_with("instruments.toml")) {
            let draft = overlay::draft_of(source.path.get(self.folder.len()..).unwrap_or_default());
            let table = parse_toml(source, 0..source.text.len(), self.problems);
            let mut keys = self.keys(source, &table, 0, 0..0);
            let read = keys.tables("instrument", |keys| instrument(keys, at, draft.is_some()));
            keys.finish();
            for instrument in read {
                if all.iter().any(|i| i.id == instrument.id) {
                    self.problems.push(
                        source.problem(instrument.at.at.clone(), format!("two instruments are called `{}`", instrument.id)),
                    );
                } else {
                    all.push(instrument);
                }
            }
        }
        all
    }

    fn groups(&mut self, law: &mut Law, blocks: &[Block<'a>]) {
        for block in blocks {
            let Some(source) = self.sources.get(block.source) else { continue };
            let instruments = std::mem::take(&mut law.instruments);
            let dictionary = self.dictionary.clone();
            let mut keys = self.keys(source, &block.table, block.base, block.at.clone());
            let group = group(&mut keys, &dictionary, &instruments, block.source);
            keys.finish();
            law.instruments = instruments;
            match group {
                Some(group) if law.groups.iter().any(|g| g.id == group.id) => {
                    self.problems.push(source.problem(group.at.at.clone(), format!("two groups are called `{}`", group.id)));
                }
                Some(group) => law.groups.push(group),
                None => {}
            }
        }
    }

    fn values(&mut self, law: &mut Law, pages: &[Page<'a>]) {
        for page in pages {
            let Some(source) = self.sources.get(page.source) else { continue };
            let clause = page.kind.and_then(|_| law.by_id.get(&page.id).copied());
            for block in &page.values {
                let units = &self.dictionary.units;
                let mut read = Vec::new();
                let mut keys = Keys::new(source, block.base, block.table.get_ref(), block.at.clone(), self.problems);
                let mut names = Vec::new();
                keys.each(|_, name, _, _| names.push(name));
                keys.each(|keys, name, value, at| {
                    if value.as_array().is_none() {
                        return keys.report(
                            at,
                            format!("`{}` must be a list of dated entries", name.value),
                            "as in [{ from = 2023-11-17, value = 4800, unit = \"TOPS.bit\", by = \"88-FR-73458\" }]",
                        );
                    }
                    read.push((name, at));
                });
                for (name, _) in read {
                    let Some(value) = self.value(source, block, &name, units, &law.instruments, page.source, clause) else {
                        continue;
                    };
                    let twice = law.values.iter().any(|v| v.name == value.name && v.page == value.page);
                    if twice {
                        self.problems.push(source.problem(name.at, format!("`{}` stands twice", name.value)));
                    } else {
                        law.values.push(value);
                    }
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments)] // one row of a table, read in its context
    fn value(
        &mut self,
        source: &'a Source,
        block: &Block<'a>,
        name: &Text,
        units: &Units,
        instruments: &[Instrument],
        at: usize,
        page: Option<ClauseId>,
    ) -> Option<Value> {
        let list = block.table.get_ref().get(name.value.as_str())?.get_ref().as_array()?;
        let mut unit: Option<Unit> = None;
        let mut entries: Vec<Dated> = Vec::new();
        for item in list.iter() {
            let place = item.span().start + block.base..item.span().end + block.base;
            let Some(table) = item.get_ref().as_table() else {
                self.problems
                    .push(source.problem(place, "an entry is a table").hint("as in { from = 2023-11-17, value = 4800, … }"));
                continue;
            };
            let mut keys = Keys::new(source, block.base, table, place.clone(), self.problems);
            let entry = dated(&mut keys, units, instruments, &mut unit);
            keys.finish();
            entries.extend(entry);
        }
        entries.sort_by_key(|e| e.from);
        for pair in entries.windows(2) {
            if let [a, b] = pair {
                if a.from == b.from {
                    self.problems.push(
                        source
                            .problem(name.at.clone(), format!("`{}` has two entries from {}", name.value, a.from))
                            .hint("an entry holds until the next one begins"),
                    );
                } else if a.until.is_some_and(|until| until >= b.from) {
                    self.problems.push(
                        source
                            .problem(
                                name.at.clone(),
                                format!("`{}`: the entry from {} reaches into the one from {}", name.value, a.from, b.from),
                            )
                            .hint("drop `until`, or end it a day before"),
                    );
                }
            }
        }
        if entries.is_empty() {
            self.problems.push(source.problem(name.at.clone(), format!("`{}` has no entry", name.value)));
            return None;
        }
        Some(Value {
            name: name.value.clone(),
            page,
            unit: unit.unwrap_or(Unit::none()),
            entries,
            at: Spot { source: at, at: name.at.clone() },
        })
    }

    fn scope(&mut self, law: &mut Law) {
        let path = format!("{}regime.toml", self.folder);
        let Some((_, source)) = self.sources.iter().enumerate().find(|(_, s)| s.path == path) else { return };
        let mut quiet = Vec::new();
        let table = parse_toml(source, 0..source.text.len(), &mut quiet);
        let text = Keys::new(source, 0, table.get_ref(), 0..0, &mut quiet).text("scope");
        if let Some(text) = text {
            let resolver = Resolver { law, page: None };
            law.scope = resolver.test(source, &text, self.problems).unwrap_or(Test::Is(true));
        }
    }

    /// A quota's total is measured like its shipments: other pages need that unit before they are read.
    fn quota_units(&mut self, law: &mut Law, pages: &[Page<'a>]) {
        for page in pages.iter().filter(|p| p.kind == Some(ClauseKind::Quota)) {
            let (Some(id), Some(source), Some(block)) =
                (law.by_id.get(&page.id).copied(), self.sources.get(page.source), page.rules.first())
            else {
                continue;
            };
            let mut quiet = Vec::new();
            let measure = Keys::new(source, block.base, block.table.get_ref(), 0..0, &mut quiet).text("measure");
            let resolver = Resolver { law, page: Some(id) };
            let unit = measure.and_then(|text| resolver.term(source, &text, &mut quiet)).map(|(_, unit)| unit);
            if let (Some(unit), Some(clause)) = (unit, law.clauses.get_mut(id.0 as usize)) {
                clause.unit = unit;
            }
        }
    }

    fn versions(&mut self, law: &mut Law, pages: &[Page<'a>]) {
        self.quota_units(law, pages);
        for page in pages {
            let (Some(kind), Some(id), Some(source)) =
                (page.kind, law.by_id.get(&page.id).copied(), self.sources.get(page.source))
            else {
                continue;
            };
            for block in &page.rules {
                let draft = page.draft.as_ref().and_then(|d| self.drafts.iter().find(|k| k.id == *d));
                let mut keys = Keys::new(source, block.base, block.table.get_ref(), block.at.clone(), self.problems);
                let head = head(&mut keys, law, kind, draft);
                let replaces = keys.text("replaces");
                let body = body(&mut keys, law, kind, &page.unit);
                keys.finish();
                self.replaces(law, page, source, id, replaces);
                let resolver = Resolver { law, page: Some(id) };
                let rule = body.and_then(|body| body.rule(&resolver, source, self.problems));
                if let (Some(head), Some(rule)) = (head, rule) {
                    let place = Spot { source: page.source, at: block.at.clone() };
                    let version = head.version(rule, place, page.draft.clone());
                    if let Some(clause) = law.clauses.get_mut(id.0 as usize) {
                        clause.versions.push(version);
                    }
                }
            }
        }
        for clause in &mut law.clauses {
            clause.versions.sort_by_key(|v| v.from);
        }
        overridden(law);
    }

    fn replaces(&mut self, law: &Law, page: &Page<'a>, source: &Source, id: ClauseId, replaces: Option<Text>) {
        let in_base = law.clause(id).draft.is_none();
        match (&page.draft, replaces) {
            (None, Some(text)) => self.problems.push(source.problem(text.at, "`replaces` stands in drafts only")),
            (Some(_), Some(text)) if text.value != page.id => self.problems.push(
                source
                    .problem(text.at, format!("the page is `{}`", page.id))
                    .hint("a page that replaces a clause carries that clause's id"),
            ),
            (Some(_), Some(text)) if !in_base => {
                self.problems.push(
                    source
                        .problem(text.at.clone(), format!("the regime has no clause `{}`", text.value))
                        .hint("drop `replaces` to add the clause"),
                );
            }
            (Some(_), None) if in_base => self.problems.push(
                source
                    .problem(page.heading.clone(), format!("the regime has a clause `{}`", page.id))
                    .hint("say `replaces`, or choose another id"),
            ),
            _ => {}
        }
    }

    fn suspensions(&mut self, law: &mut Law) {
        let mut resolved = Vec::new();
        for instrument in &law.instruments {
            for suspension in &instrument.suspends {
                let by: Option<usize> = law.instruments.iter().position(|i| i.id == suspension.what);
                let clauses: Vec<ClauseId> = match (law.by_id.get(&suspension.what), by) {
                    (Some(id), _) => vec![*id],
                    (None, Some(by)) => {
                        law.clause_ids().filter(|c| law.clause(*c).versions.iter().any(|v| v.by.0 as usize == by)).collect()
                    }
                    (None, None) => {
                        let known: Vec<&str> = law.instruments.iter().map(|i| i.id.as_str()).collect();
                        let near = nearest(&suspension.what, known).join(", ");
                        if let Some(source) = self.sources.get(instrument.at.source) {
                            self.problems.push(
                                source
                                    .problem(
                                        instrument.at.at.clone(),
                                        format!(
                                            "`{}` suspends `{}`, which is neither an instrument nor a clause",
                                            instrument.id, suspension.what
                                        ),
                                    )
                                    .hint(format!("near it: {near}")),
                            );
                        }
                        vec![]
                    }
                };
                resolved.push(clauses);
            }
        }
        let mut resolved = resolved.into_iter();
        for suspension in law.instruments.iter_mut().flat_map(|i| &mut i.suspends) {
            suspension.clauses = resolved.next().unwrap_or_default();
        }
    }
}
