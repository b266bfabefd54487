//! Pages to law: every text is read, every name resolved, and all problems are given at once.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use facts::{Date, Dictionary, FieldType, Keys, Number, Pack, Problem, Source, Text, Unit, Units, nearest, parse_toml};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};
use toml::Spanned;
use toml::de::DeTable;

use crate::cases::Table;
use crate::expr::{Names, Test, read_term, read_test};
use crate::law::{
    Clause, ClauseId, ClauseKind, Confidence, Dated, DraftInfo, Group, GroupId, Instrument, InstrumentId, InstrumentKind, Law,
    LegalForm, Members, Policy, Rule, Spot, Suspension, Tables, Value, ValueId, Version, Window,
};
use crate::overlay;

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
        law.sources = sources;
        Some(law)
    }
}

/// A fenced block of TOML.
struct Block<'a> {
    source: usize,
    table: Spanned<DeTable<'a>>,
    base: usize,
    at: Range<usize>,
}

/// A page as it was read, before its names are resolved.
struct Page<'a> {
    source: usize,
    id: String,
    title: String,
    prose: String,
    heading: Range<usize>,
    rules: Vec<Block<'a>>,
    values: Vec<Block<'a>>,
    kind: Option<ClauseKind>,
    unit: Unit,
    draft: Option<String>,
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
        law.instruments = self.instruments();
        self.register(&mut law, &pages);
        self.groups(&mut law, &groups);
        self.values(&mut law, &pages);
        self.scope(&mut law);
        self.versions(&mut law, &pages);
        overlay::replace(&mut law, self.problems);
        self.suspensions(&mut law);
        if let Some(cycle) = cycle(&law) {
            let names: Vec<&str> = cycle.iter().map(|c| law.clause(*c).id.as_str()).collect();
            let at = cycle.first().map_or(Spot::default(), |c| law.clause(*c).heading.clone());
            let source = self.sources.get(at.source)?;
            self.problems.push(
                source
                    .problem(at.at, format!("`{}` depends on itself", names.first().unwrap_or(&"")))
                    .hint(format!("by way of {}", names.join(" → "))),
            );
            return None;
        }
        law.tables = tables(&law);
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
        let as_of = keys.day("as_of").map(|d| d.0);
        if as_of.is_none() {
            keys.missing("as_of");
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
            as_of: as_of.unwrap_or(Date::MIN),
            questions,
            dictionary: self.dictionary.clone(),
            clauses: Vec::new(),
            values: Vec::new(),
            groups: Vec::new(),
            instruments: Vec::new(),
            drafts: Vec::new(),
            overlaid: Vec::new(),
            sources: Vec::new(),
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
                    Ok(unit) => page.unit = unit,
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
                let head = head(&mut keys, law, draft);
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

/// Parts of a page, in order.
enum Part {
    Heading(Range<usize>, String),
    Prose(String),
    Fence { info: String, content: Range<usize>, at: Range<usize> },
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut heading: Option<(Range<usize>, String)> = None;
    let mut titled = false;
    let mut prose = String::new();
    let mut fence: Option<(String, Range<usize>, Option<Range<usize>>)> = None;
    for (event, at) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) if !titled => heading = Some((at, String::new())),
            Event::End(TagEnd::Heading(_)) => {
                if let Some((range, text)) = heading.take() {
                    titled = true;
                    parts.push(Part::Heading(range, text.trim().to_owned()));
                }
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => fence = Some((info.to_string(), at, None)),
            Event::End(TagEnd::CodeBlock) => {
                if let Some((info, at, content)) = fence.take() {
                    let content = content.unwrap_or(at.end..at.end);
                    parts.push(Part::Fence { info, content, at });
                }
            }
            Event::Text(piece) | Event::Code(piece) => match (&mut heading, &mut fence) {
                (Some((_, title)), _) => title.push_str(&piece),
                (None, Some((_, _, content))) => {
                    let start = content.as_ref().map_or(at.start, |c| c.start);
                    *content = Some(start..at.end);
                }
                (None, None) => prose.push_str(&piece),
            },
            Event::SoftBreak | Event::HardBreak if fence.is_none() && heading.is_none() => prose.push(' '),
            Event::End(TagEnd::Paragraph | TagEnd::Item) => prose.push('\n'),
            _ => {}
        }
    }
    parts.push(Part::Prose(prose.trim().to_owned()));
    parts
}

fn word<T: Copy>(keys: &mut Keys<'_, '_>, key: &'static str, all: &[(&'static str, T)]) -> Option<T> {
    let text = keys.must(key)?;
    choose(keys, key, &text, all)
}

fn choose<T: Copy>(keys: &mut Keys<'_, '_>, key: &str, text: &Text, all: &[(&'static str, T)]) -> Option<T> {
    let found = all.iter().find(|(w, _)| *w == text.value).map(|(_, t)| *t);
    if found.is_none() {
        let words: Vec<&str> = all.iter().map(|(w, _)| *w).collect();
        keys.report(text.at.clone(), format!("`{}` is no {}", text.value, key.replace('_', " ")), words.join(", "));
    }
    found
}

fn instrument(keys: &mut Keys<'_, '_>, source: usize, draft: bool) -> Option<Instrument> {
    let at = keys.at();
    let id = keys.must("id");
    let kind = word(keys, "kind", InstrumentKind::ALL);
    let title = keys.must("title").map(|t| t.value);
    let citation = keys.must("citation");
    if let Some(citation) = citation.as_ref().filter(|c| c.value.trim().is_empty()) {
        keys.report(citation.at.clone(), "the citation is empty", "how a lawyer would cite it");
    }
    let published = keys.day("published").map(|d| d.0);
    let effective = keys.day("effective").map(|d| d.0);
    if published.is_none() {
        keys.missing("published");
    }
    let url = keys.text("url").map(|t| t.value).unwrap_or_default();
    let confidence = word(keys, "confidence", Confidence::ALL);
    keys.text("note");
    let binds: Vec<String> = keys.texts("binds").into_iter().map(|t| t.value).collect();
    let suspends = keys.tables("suspends", |keys| {
        let what = keys.must("what")?;
        let from = keys.day("from").map(|d| d.0);
        if from.is_none() {
            keys.missing("from");
        }
        let until = keys.day("until").map(|d| d.0);
        let certain = keys.flag("certain").unwrap_or(true);
        let question = keys.text("question").map(|t| t.value).unwrap_or_default();
        if !certain && question.is_empty() {
            keys.missing("question");
        }
        Some(Suspension { clauses: vec![], what: what.value, from: from?, until, certain, question })
    });
    let place = id.as_ref().map_or(at, |t| t.at.clone());
    if kind == Some(InstrumentKind::Letter) && binds.is_empty() {
        keys.report(place.clone(), "a letter binds nobody", "add `binds = [\"company\"]`");
    }
    if kind.is_some_and(|k| k != InstrumentKind::Letter) && !binds.is_empty() {
        keys.report(place.clone(), "only a letter binds named companies", "set kind = \"letter\", or drop `binds`");
    }
    if draft && kind.is_some_and(|k| k != InstrumentKind::Draft) {
        keys.report(place.clone(), "an instrument of a draft is a draft", "set kind = \"draft\"");
    }
    Some(Instrument {
        id: id?.value,
        kind: kind?,
        title: title?,
        citation: citation?.value,
        published: published?,
        effective: effective.or(published)?,
        url,
        confidence: confidence?,
        binds,
        suspends,
        draft,
        at: Spot { source, at: place },
    })
}

fn cited(keys: &mut Keys<'_, '_>, key: &'static str, instruments: &[Instrument]) -> Option<InstrumentId> {
    let text = keys.text(key)?;
    let found = instruments.iter().position(|i| i.id == text.value);
    if found.is_none() {
        let near = nearest(&text.value, instruments.iter().map(|i| i.id.as_str())).join(", ");
        let hint = if near.is_empty() { "list it in instruments.toml".to_owned() } else { format!("near it: {near}") };
        keys.report(text.at, format!("no instrument `{}`", text.value), hint);
    }
    found.map(|i| InstrumentId(i as u16))
}

fn must_cite(keys: &mut Keys<'_, '_>, instruments: &[Instrument]) -> Option<InstrumentId> {
    if keys.get("by").is_none() {
        keys.missing("by");
    }
    cited(keys, "by", instruments)
}

fn confidence(keys: &mut Keys<'_, '_>, by: Option<InstrumentId>, instruments: &[Instrument]) -> Confidence {
    let own = keys.text("confidence").and_then(|text| choose(keys, "confidence", &text, Confidence::ALL));
    let of_act = by.and_then(|b| instruments.get(b.0 as usize)).map_or(Confidence::Unverified, |i| i.confidence);
    own.unwrap_or(of_act)
}

fn dated(keys: &mut Keys<'_, '_>, units: &Units, instruments: &[Instrument], unit: &mut Option<Unit>) -> Option<Dated> {
    let from = keys.day("from").map(|d| d.0);
    if from.is_none() {
        keys.missing("from");
    }
    let until = keys.day("until").map(|d| d.0);
    let number = keys.number("value");
    if number.is_none() {
        keys.missing("value");
    }
    let mut factor = None;
    match keys.must("unit") {
        Some(text) => match units.parse(&text.value) {
            Ok(own) => match unit {
                Some(first) => {
                    factor = Units::conversion(&own, first);
                    if factor.is_none() {
                        keys.report(
                            text.at,
                            format!("{own} does not measure what {first} does"),
                            "all entries of a value measure one thing",
                        );
                    }
                }
                None => {
                    factor = Some(Number::from(1).exact());
                    *unit = Some(own);
                }
            },
            Err(why) => keys.report(text.at, why, "units are declared in fields.toml"),
        },
        None => {}
    }
    let by = must_cite(keys, instruments);
    let confidence = confidence(keys, by, instruments);
    let cite = keys.text("cite").map(|t| t.value).unwrap_or_default();
    keys.text("note");
    let number = Number::from(number?.0).exact() * factor?;
    Some(Dated { from: from?, until, number: Number::from_exact(&number)?, by: by?, confidence, cite })
}

fn group(keys: &mut Keys<'_, '_>, dictionary: &Dictionary, instruments: &[Instrument], source: usize) -> Option<Group> {
    let id = keys.must("id");
    let of = keys.must("of")?;
    let of_countries = of.value == "country";
    if !of_countries && dictionary.id(&of.value).is_none_or(|f| dictionary.field(f).kind != FieldType::Text) {
        keys.report(
            of.at.clone(),
            format!("`{}` is neither `country` nor a field of names", of.value),
            "as in of = \"chip_family\"",
        );
    }
    let by = must_cite(keys, instruments);
    let confidence = confidence(keys, by, instruments);
    keys.text("cite");
    keys.text("note");
    let from = keys.day("from").map(|d| d.0);
    if from.is_none() {
        keys.missing("from");
    }
    let mut members = Members::default();
    for text in keys.texts("members") {
        change(keys, &mut members, dictionary, of_countries, &text, true);
    }
    let mut states = vec![(from?, by?, members.clone())];
    let changes = keys.tables("changes", |keys| {
        let on = keys.day("on").map(|d| d.0);
        if on.is_none() {
            keys.missing("on");
        }
        let by = must_cite(keys, instruments);
        keys.text("note");
        keys.text("confidence");
        let add = keys.texts("add");
        let remove = keys.texts("remove");
        Some((on?, by?, add, remove))
    });
    for (on, by, add, remove) in changes {
        if states.last().is_some_and(|(last, _, _)| *last >= on) {
            let at = id.as_ref().map_or(0..0, |t| t.at.clone());
            keys.report(at, format!("the change on {on} is not after the one before it"), "changes stand in order of day");
        }
        for text in add {
            change(keys, &mut members, dictionary, of_countries, &text, true);
        }
        for text in remove {
            change(keys, &mut members, dictionary, of_countries, &text, false);
        }
        states.push((on, by, members.clone()));
    }
    let id = id?;
    Some(Group {
        id: id.value,
        of_countries,
        of: of.value,
        from: from?,
        by: by?,
        confidence,
        states,
        at: Spot { source, at: id.at },
    })
}

fn change(keys: &mut Keys<'_, '_>, members: &mut Members, dictionary: &Dictionary, of_countries: bool, text: &Text, add: bool) {
    if !of_countries {
        let there = members.names.iter().position(|n| **n == *text.value);
        match (there, add) {
            (None, true) => members.names.push(Arc::from(text.value.as_str())),
            (Some(at), false) => {
                members.names.remove(at);
            }
            (Some(_), true) => keys.report(text.at.clone(), format!("`{}` belongs already", text.value), ""),
            (None, false) => keys.report(text.at.clone(), format!("`{}` does not belong", text.value), ""),
        }
        return;
    }
    match dictionary.countries.find(&text.value) {
        None => keys.report(text.at.clone(), format!("`{}` is not a country", text.value), "two capital letters, ISO 3166-1"),
        Some(id) if members.has_country(id) == add => {
            let word = if add { "belongs already" } else { "does not belong" };
            keys.report(text.at.clone(), format!("`{}` {word}", text.value), "");
        }
        Some(id) if add => members.add_country(id),
        Some(id) => members.remove_country(id),
    }
}

/// What every version says of itself.
struct Head {
    from: Date,
    until: Option<Date>,
    ended_by: Option<InstrumentId>,
    by: InstrumentId,
    binds: Vec<String>,
    confidence: Confidence,
    enforced_from: Option<Date>,
    enforced_until: Option<Date>,
    overrides: Vec<ClauseId>,
    notice: String,
    cite: String,
    after_gap: Option<String>,
    exporter: Option<facts::FieldId>,
}

fn head(keys: &mut Keys<'_, '_>, law: &Law, draft: Option<&DraftInfo>) -> Option<Head> {
    keys.get("kind");
    let from = keys.day("from").map(|d| d.0).or(draft.and_then(|d| d.from));
    if from.is_none() {
        keys.missing("from");
    }
    let until = keys.day("until");
    if let (Some(from), Some((until, at))) = (from, &until)
        && *until < from
    {
        keys.report(at.clone(), format!("it ends on {until}, before it begins on {from}"), "");
    }
    let by = must_cite(keys, &law.instruments);
    let ended_by = cited(keys, "ended_by", &law.instruments);
    let confidence = confidence(keys, by, &law.instruments);
    let enforced_from = keys.day("enforced_from").map(|d| d.0);
    let enforced_until = keys.day("enforced_until").map(|d| d.0);
    let overrides = clauses(keys, "overrides", law, &[]);
    let notice = keys.text("notice").map(|t| t.value).unwrap_or_default();
    let cite = keys.text("cite").map(|t| t.value).unwrap_or_default();
    let after_gap = keys.text("after_gap").map(|t| t.value);
    keys.text("note");
    let act = by.and_then(|b| law.instruments.get(b.0 as usize));
    let binds = act.filter(|i| i.kind == InstrumentKind::Letter).map(|i| i.binds.clone()).unwrap_or_default();
    Some(Head {
        from: from?,
        until: until.map(|u| u.0),
        ended_by,
        by: by?,
        binds,
        confidence,
        enforced_from,
        enforced_until,
        overrides,
        notice,
        cite,
        after_gap,
        exporter: law.dictionary.id("exporter"),
    })
}

impl Head {
    /// The version; a letter's clause applies only where the exporter is one of the companies that it binds.
    fn version(self, rule: Rule, at: Spot, draft: Option<String>) -> Version {
        let bound = |when: Test| match (self.exporter, self.binds.is_empty()) {
            (Some(exporter), false) => {
                let names = self.binds.iter().map(|n| facts::Fact::Text(Arc::from(n.as_str()))).collect();
                let mut parts = vec![Test::OneOf(exporter, names)];
                match when {
                    Test::All(more) => parts.extend(more),
                    other => parts.push(other),
                }
                Test::All(parts)
            }
            _ => when,
        };
        let rule = match rule {
            Rule::Requirement { when, reason } => Rule::Requirement { when: bound(when), reason },
            Rule::Exception { when, lifts, needs } => Rule::Exception { when: bound(when), lifts, needs },
            Rule::Review { of, when, policy, needs } => Rule::Review { of, when: bound(when), policy, needs },
            Rule::Fee { when, base, rate, payee, legal_form } => Rule::Fee { when: bound(when), base, rate, payee, legal_form },
            Rule::Prohibition { when } => Rule::Prohibition { when: bound(when) },
            other => other,
        };
        Version {
            from: self.from,
            until: self.until,
            ended_by: self.ended_by,
            by: self.by,
            confidence: self.confidence,
            enforced_from: self.enforced_from,
            enforced_until: self.enforced_until,
            overrides: self.overrides,
            notice: self.notice,
            cite: self.cite,
            after_gap: self.after_gap,
            draft,
            rule,
            at,
        }
    }
}

fn clauses(keys: &mut Keys<'_, '_>, key: &'static str, law: &Law, kinds: &[ClauseKind]) -> Vec<ClauseId> {
    let mut found = Vec::new();
    for text in keys.texts(key) {
        match law.by_id.get(&text.value) {
            Some(id) if kinds.is_empty() || kinds.contains(&law.clause(*id).kind) => found.push(*id),
            Some(id) => {
                let wanted: Vec<&str> = kinds.iter().map(|k| k.word()).collect();
                keys.report(
                    text.at,
                    format!("`{}` is a {}", text.value, law.clause(*id).kind),
                    format!("`{key}` names a {}", wanted.join(" or ")),
                );
            }
            None => {
                let near = nearest(&text.value, law.clauses.iter().map(|c| c.id.as_str())).join(", ");
                let hint = if near.is_empty() {
                    "a clause is named by the first word of its page's heading".to_owned()
                } else {
                    format!("near it: {near}")
                };
                keys.report(text.at, format!("no clause `{}`", text.value), hint);
            }
        }
    }
    found
}

/// The keys of a version by kind, before its expressions are read.
enum Body {
    Quantity { value: Text, unit: Unit },
    Class { when: Text, of: String },
    Requirement { when: Text, reason: String },
    Exception { when: Text, lifts: Vec<ClauseId>, needs: Vec<ClauseId> },
    Review { of: Vec<ClauseId>, when: Text, policy: Policy, needs: Vec<ClauseId> },
    Condition { applies: Option<Text>, met: Text, attested_by: String },
    Quota { measure: Text, counts: Text, per: Vec<facts::FieldId>, window: Window, limit: Option<Text> },
    Fee { when: Text, base: Text, rate: Text, payee: String, legal_form: LegalForm },
    Prohibition { when: Text },
}

fn body(keys: &mut Keys<'_, '_>, law: &Law, kind: ClauseKind, unit: &Unit) -> Option<Body> {
    const NEEDS: &[ClauseKind] = &[ClauseKind::Condition, ClauseKind::Quota];
    const JUDGED: &[ClauseKind] = &[ClauseKind::Requirement];
    match kind {
        ClauseKind::Quantity => {
            let value = keys.must("value");
            keys.must("unit");
            Some(Body::Quantity { value: value?, unit: unit.clone() })
        }
        ClauseKind::Class => {
            let when = keys.must("when");
            let of = keys.text("of").map(|t| t.value).unwrap_or_else(|| "item".to_owned());
            Some(Body::Class { when: when?, of })
        }
        ClauseKind::Requirement => {
            let when = keys.must("when");
            let reason = keys.must("reason");
            Some(Body::Requirement { when: when?, reason: reason?.value })
        }
        ClauseKind::Exception => {
            let when = keys.must("when");
            let lifts = some_clauses(keys, "lifts", law, JUDGED);
            let needs = clauses(keys, "needs", law, NEEDS);
            Some(Body::Exception { when: when?, lifts, needs })
        }
        ClauseKind::Review => {
            let of = some_clauses(keys, "of", law, JUDGED);
            let when = keys.must("when");
            let policy = word(keys, "policy", Policy::ALL);
            let needs = clauses(keys, "needs", law, NEEDS);
            Some(Body::Review { of, when: when?, policy: policy?, needs })
        }
        ClauseKind::Condition => {
            let applies = keys.text("applies");
            let met = keys.must("met");
            let attested_by = keys.must("attested_by");
            Some(Body::Condition { applies, met: met?, attested_by: attested_by?.value })
        }
        ClauseKind::Quota => {
            let measure = keys.must("measure");
            let counts = keys.must("counts");
            let limit = keys.text("limit");
            let window = word(keys, "window", Window::ALL);
            let mut per = Vec::new();
            for text in keys.texts("per") {
                match law.dictionary.id(&text.value) {
                    Some(field) => per.push(field),
                    None => {
                        let near = law.dictionary.nearest(&text.value).join(", ");
                        keys.report(text.at, format!("no fact `{}`", text.value), format!("near it: {near}"));
                    }
                }
            }
            Some(Body::Quota { measure: measure?, counts: counts?, per, window: window?, limit })
        }
        ClauseKind::Fee => {
            let when = keys.must("when");
            let base = keys.must("base");
            let rate = keys.must("rate");
            let payee = keys.must("payee");
            let legal_form = word(keys, "legal_form", LegalForm::ALL);
            Some(Body::Fee { when: when?, base: base?, rate: rate?, payee: payee?.value, legal_form: legal_form? })
        }
        ClauseKind::Prohibition => Some(Body::Prohibition { when: keys.must("when")? }),
    }
}

fn some_clauses(keys: &mut Keys<'_, '_>, key: &'static str, law: &Law, kinds: &[ClauseKind]) -> Vec<ClauseId> {
    if keys.get(key).is_none() {
        keys.missing(key);
    }
    clauses(keys, key, law, kinds)
}

impl Body {
    fn rule(self, names: &Resolver<'_>, source: &Source, problems: &mut Vec<Problem>) -> Option<Rule> {
        Some(match self {
            Body::Quantity { value, unit } => {
                let value = names.measured(source, &value, &unit, problems)?;
                Rule::Quantity { value, unit }
            }
            Body::Class { when, of } => Rule::Class { when: names.test(source, &when, problems)?, of },
            Body::Requirement { when, reason } => Rule::Requirement { when: names.test(source, &when, problems)?, reason },
            Body::Exception { when, lifts, needs } => {
                Rule::Exception { when: names.test(source, &when, problems)?, lifts, needs }
            }
            Body::Review { of, when, policy, needs } => {
                Rule::Review { of, when: names.test(source, &when, problems)?, policy, needs }
            }
            Body::Condition { applies, met, attested_by } => {
                let applies = match applies {
                    Some(text) => names.test(source, &text, problems),
                    None => Some(Test::Is(true)),
                };
                let met = names.test(source, &met, problems);
                Rule::Condition { applies: applies?, met: met?, attested_by }
            }
            Body::Quota { measure, counts, per, window, limit } => {
                let counts = names.test(source, &counts, problems);
                let measure_read = names.term(source, &measure, problems);
                let limit = match limit {
                    Some(text) => Some(names.measured(source, &text, &measure_read.as_ref()?.1, problems)?),
                    None => None,
                };
                Rule::Quota { measure: measure_read?.0, counts: counts?, per, window, limit }
            }
            Body::Fee { when, base, rate, payee, legal_form } => {
                let when = names.test(source, &when, problems);
                let money = names.law.dictionary.units.parse(&names.law.currency).unwrap_or(Unit::none());
                let base = names.measured(source, &base, &money, problems);
                let rate = names.measured(source, &rate, &Unit::none(), problems);
                Rule::Fee { when: when?, base: base?, rate: rate?, payee, legal_form }
            }
            Body::Prohibition { when } => Rule::Prohibition { when: names.test(source, &when, problems)? },
        })
    }
}

/// What names mean, for one page of a law that is being read.
struct Resolver<'a> {
    law: &'a Law,
    page: Option<ClauseId>,
}

impl Resolver<'_> {
    fn with<T>(&self, read: impl FnOnce(&Names<'_>) -> T) -> T {
        let law = self.law;
        let value = |name: &str| {
            let find = |page: Option<ClauseId>| law.values.iter().position(|v| v.name == name && v.page == page);
            let at = self.page.and_then(|p| find(Some(p))).or_else(|| find(None))?;
            Some((ValueId(at as u16), law.values.get(at)?.unit.clone()))
        };
        let clause = |name: &str| {
            let id = *law.by_id.get(name)?;
            Some((id, law.clause(id).kind, law.clause(id).unit.clone()))
        };
        let group = |name: &str| {
            let at = law.groups.iter().position(|g| g.id == name)?;
            Some((GroupId(at as u16), law.groups.get(at)?.of_countries))
        };
        read(&Names {
            dictionary: &law.dictionary,
            clause: &clause,
            clauses: &|| law.clauses.iter().map(|c| c.id.clone()).collect(),
            value: &value,
            values: &|| law.values.iter().filter(|v| v.page.is_none() || v.page == self.page).map(|v| v.name.clone()).collect(),
            group: &group,
            groups: &|| law.groups.iter().map(|g| g.id.clone()).collect(),
        })
    }

    fn test(&self, source: &Source, text: &Text, problems: &mut Vec<Problem>) -> Option<Test> {
        self.with(|names| read_test(names, source, text, problems))
    }

    fn term(&self, source: &Source, text: &Text, problems: &mut Vec<Problem>) -> Option<(crate::expr::Term, Unit)> {
        self.with(|names| read_term(names, source, text, problems))
    }

    /// A term in a unit that is asked for.
    fn measured(&self, source: &Source, text: &Text, unit: &Unit, problems: &mut Vec<Problem>) -> Option<crate::expr::Term> {
        let (term, own) = self.term(source, text, problems)?;
        if own.is_none() && matches!(term, crate::expr::Term::Number(_)) {
            return Some(term);
        }
        let Some(factor) = Units::conversion(&own, unit).and_then(|f| Number::from_exact(&f)) else {
            let own = if own.is_none() { "a plain number".to_owned() } else { own.to_string() };
            let wanted = if unit.is_none() { "a plain number".to_owned() } else { unit.to_string() };
            problems.push(source.problem(text.at.clone(), format!("this is in {own}, where {wanted} is needed")));
            return None;
        };
        Some(if factor == Number::from(1) { term } else { crate::expr::Term::Converted(factor, Box::new(term)) })
    }
}

/// Tells every clause who may override it.
fn overridden(law: &mut Law) {
    let mut by: BTreeMap<ClauseId, Vec<ClauseId>> = BTreeMap::new();
    for id in law.clause_ids() {
        for version in &law.clause(id).versions {
            for gives_way in &version.overrides {
                let list = by.entry(*gives_way).or_default();
                if !list.contains(&id) {
                    list.push(id);
                }
            }
        }
    }
    for (id, list) in by {
        if let Some(clause) = law.clauses.get_mut(id.0 as usize) {
            clause.overridden_by = list;
        }
    }
}

fn tables(law: &Law) -> Tables {
    let of = |kind: ClauseKind| law.clause_ids().filter(|c| law.clause(*c).kind == kind).collect::<Vec<_>>();
    let mut tables = Tables {
        requirements: of(ClauseKind::Requirement),
        prohibitions: of(ClauseKind::Prohibition),
        fees: of(ClauseKind::Fee),
        quotas: of(ClauseKind::Quota),
        lifted_by: vec![Vec::new(); law.clauses.len()],
        reviewed_by: vec![Vec::new(); law.clauses.len()],
    };
    for id in law.clause_ids() {
        for version in &law.clause(id).versions {
            let (list, targets) = match &version.rule {
                Rule::Exception { lifts, .. } => (&mut tables.lifted_by, lifts),
                Rule::Review { of, .. } => (&mut tables.reviewed_by, of),
                _ => continue,
            };
            for target in targets {
                if let Some(list) = list.get_mut(target.0 as usize)
                    && !list.contains(&id)
                {
                    list.push(id);
                }
            }
        }
    }
    tables
}

/// A clause that depends on itself, by way of the clauses between.
fn cycle(law: &Law) -> Option<Vec<ClauseId>> {
    let mut state = vec![0u8; law.clauses.len()];
    let mut path = Vec::new();
    law.clause_ids().find_map(|id| visit(law, id, &mut state, &mut path))
}

fn visit(law: &Law, id: ClauseId, state: &mut [u8], path: &mut Vec<ClauseId>) -> Option<Vec<ClauseId>> {
    let at = id.0 as usize;
    match state.get(at).copied().unwrap_or(2) {
        2 => return None,
        1 => {
            let start = path.iter().position(|p| *p == id).unwrap_or(0);
            let mut cycle = path.get(start..).unwrap_or_default().to_vec();
            cycle.push(id);
            return Some(cycle);
        }
        _ => {}
    }
    if let Some(s) = state.get_mut(at) {
        *s = 1;
    }
    path.push(id);
    let mut next: Vec<ClauseId> = law.clause(id).overridden_by.clone();
    for version in &law.clause(id).versions {
        let (tests, terms) = version.rule.parts();
        tests.iter().for_each(|t| t.clauses(&mut next));
        terms.iter().for_each(|t| t.clauses(&mut next));
        next.extend(version.rule.needs());
    }
    for other in next {
        if let Some(cycle) = visit(law, other, state, path) {
            return Some(cycle);
        }
    }
    path.pop();
    if let Some(s) = state.get_mut(at) {
        *s = 2;
    }
    None
}
