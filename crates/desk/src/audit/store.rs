//! The examination of a whole store: the log, and everything that is kept beside it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Audit, DECISIONS, Examined, Finding, Items, Kept};
use crate::entry::NO_HASH;
use crate::proof::{Signed, Tiles};
use crate::state::{Record, State};
use crate::store::{Db, Error, MIGRATIONS, Store, Value};

impl Store {
    /// Examines the whole store: chain, clock, keys, head, checkpoints of its own and others, tiles, tables, and that every record and
    /// list follows from the log. What was found stops nothing of the rest.
    ///
    /// # Errors
    /// The database failed.
    pub fn audit(&mut self, others: &[Signed], keys: &[String]) -> Result<Examined, Error> {
        // All of it as of one moment, whatever is written meanwhile.
        self.db().settled(|db| {
            db.snapshot()?;
            let examined = examine(db, others, keys);
            db.rollback();
            examined
        })
    }
}

impl Audit {
    /// Reads the entries of a store, up to one of them.
    pub(crate) fn walk(&mut self, store: &mut Store, upto: Option<u64>) -> Result<(), Error> {
        self.walk_db(store.db(), upto)
    }

    fn walk_db(&mut self, db: &mut Db, upto: Option<u64>) -> Result<(), Error> {
        let upto = upto.map_or(i64::MAX, |seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let mut next = Some(i64::MIN);
        while let Some(from) = next.take() {
            let sql = "SELECT seq, key, hash, body FROM entry WHERE seq >= $1 AND seq <= $2 ORDER BY seq LIMIT 1000";
            for row in db.rows(sql, &[Value::Int(from), Value::Int(upto)])? {
                let [seq, key, hash, body] = cells(row);
                let (place, hash, body) = (whole(&seq), hash.text(), body.text());
                let key = match &key {
                    Value::Text(text) => Some(text.as_str()),
                    Value::Null => None,
                    Value::Int(_) => Some(""),
                };
                self.text(body.as_bytes(), Some(&Kept { place, key, hash: &hash }));
                next = place.checked_add(1);
            }
        }
        Ok(())
    }
}

/// Examines what one transaction sees.
fn examine(db: &mut Db, others: &[Signed], keys: &[String]) -> Result<Examined, Error> {
    let mut found = Vec::new();
    schema(db, &mut found)?;
    let own = part(db, "the table checkpoint", &mut found, |db, _| {
        let rows = db.rows("SELECT size, note FROM checkpoint ORDER BY size", &[])?;
        Ok(rows
            .into_iter()
            .map(cells)
            .map(|[size, note]| Signed { size: whole(&size).unsigned_abs(), note: note.text() })
            .collect())
    })?;
    let own: Vec<Signed> = own.unwrap_or_default();
    let mut audit = Audit::new(&own, others, keys, true);
    let read = part(db, "the table entry", &mut found, |db, _| audit.walk_db(db, None))?;
    let (tiles, lists) = (std::mem::take(&mut audit.tiles), std::mem::take(&mut audit.lists));
    let (last, hash, at) = (audit.last, audit.last_hash.clone(), audit.at);
    let (mut examined, state) = audit.finish();
    let heads = part(db, "the table head", &mut found, |db, found| head(db, found, last, &hash, at))?;
    let count =
        part(db, "the table tile", &mut found, |db, found| kept_tiles(db, found, &tiles, own.last().map_or(0, |s| s.size)))?;
    let mut counts = vec![("keys", Some(examined.entries)), ("tiles", count), ("head", heads)];
    match state.filter(|_| read.is_some()) {
        Some(state) => {
            let records = part(db, "the table record", &mut found, |db, found| records(db, found, &state))?;
            let items = part(db, "the table item", &mut found, |db, found| items(db, found, &state, &lists))?;
            counts.splice(0..0, [("records", records), ("list items", items)]);
        }
        // Where the log itself cannot be followed to its end, nothing can be held against it.
        None => examined.not_examined.push(
            "records and lists: the log cannot be followed from its first entry to its last, so nothing can be held against it"
                .to_owned(),
        ),
    }
    examined.examined.extend(counts.into_iter().filter_map(|(what, count)| Some((what.to_owned(), count?))));
    examined.not_examined.push(DECISIONS.to_owned());
    examined.findings.extend(found);
    Ok(examined)
}

/// One part of the store. What cannot be read there is a finding and stops nothing else, as long as the connection stands.
fn part<T>(
    db: &mut Db,
    what: &str,
    found: &mut Vec<Finding>,
    look: impl FnOnce(&mut Db, &mut Vec<Finding>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    match look(db, found) {
        Err(Error::Broken(why) | Error::Database(why)) if db.stands() => {
            found.push(Finding::Unreadable { what: what.to_owned(), why });
            Ok(None)
        }
        looked => looked.map(Some),
    }
}

fn head(db: &mut Db, found: &mut Vec<Finding>, last: u64, hash: &str, at: Timestamp) -> Result<u64, Error> {
    let rows = db.rows("SELECT id, seq, hash, at FROM head ORDER BY id", &[])?;
    if rows.len() != 1 || rows.first().and_then(|row| row.first()) != Some(&Value::Int(1)) {
        found.push(Finding::Heads { count: rows.len() as u64 });
    }
    let count = rows.len() as u64;
    let Some([_, seq, kept, moment]) = rows.into_iter().next().map(cells) else { return Ok(count) };
    if i64::try_from(last) != Ok(whole(&seq)) {
        found.push(Finding::WrongEnd { head: whole(&seq), last });
    }
    if kept.text() != if last == 0 { NO_HASH } else { hash } {
        found.push(Finding::HeadHash { last });
    }
    let (moment, at) = (moment.text(), if last == 0 { Timestamp::UNIX_EPOCH } else { at });
    if moment.parse::<Timestamp>().ok() != Some(at) {
        found.push(Finding::HeadMoment { head: moment, last: at.to_string() });
    }
    Ok(count)
}

/// Every record against what the log gives; none is missing.
fn records(db: &mut Db, found: &mut Vec<Finding>, state: &State) -> Result<u64, Error> {
    let (mut count, mut follow) = (0, 0);
    db.each("SELECT name, kind, body FROM record", &[], |row| {
        let [name, kind, body] = cells(row).map(Value::text);
        let given = state.record(&name).ok().flatten().filter(|_| !name.starts_with("done/"));
        let same = serde_json::from_str::<Record>(&body).is_ok_and(|record| given == Some(&record));
        count += 1;
        if same && name.split_once('/').is_some_and(|(word, _)| word == kind) {
            follow += 1;
        } else {
            found.push(Finding::RecordDiffers { name });
        }
        Ok(())
    })?;
    let kinds = Record::KINDS.iter().filter(|kind| **kind != "done");
    let names: Vec<String> = kinds.flat_map(|kind| state.names(&format!("{kind}/"))).collect();
    if names.len() > follow {
        let mut kept = BTreeSet::new();
        db.each("SELECT name FROM record", &[], |row| {
            kept.extend(row.into_iter().map(Value::text));
            Ok(())
        })?;
        found.extend(names.into_iter().filter(|name| !kept.contains(name)).map(|name| Finding::RecordDiffers { name }));
    }
    Ok(count)
}

/// Every list item against what the log gives, entry by entry; then list by list, where some entry's are not right.
fn items(db: &mut Db, found: &mut Vec<Finding>, state: &State, lists: &[(u64, [u8; 32])]) -> Result<u64, Error> {
    let mut expected: BTreeMap<i64, [u8; 32]> =
        lists.iter().map(|(seq, hash)| (i64::try_from(*seq).unwrap_or(0), *hash)).collect();
    let (mut bad, mut headings) = (BTreeSet::new(), BTreeSet::new());
    let (mut count, mut before) = (0, None::<(i64, i64)>);
    let mut open: Option<(i64, Items, Vec<String>)> = None;
    let mut close = |open: Option<(i64, Items, Vec<String>)>, bad: &mut BTreeSet<i64>| {
        let Some((seq, items, named)) = open else { return };
        if expected.remove(&seq) != Some(items.done()) {
            bad.insert(seq);
            headings.extend(named);
        }
    };
    db.each("SELECT seq, place, heading, item FROM item ORDER BY seq, place", &[], |row| {
        let [seq, place, heading, item] = cells(row);
        let (seq, place, heading) = (whole(&seq), whole(&place), heading.text());
        count += 1;
        if open.as_ref().is_none_or(|(of, ..)| *of != seq) {
            close(open.take(), &mut bad);
        }
        // Places count on within a transaction, which begins with an entry.
        let follows = before.is_some_and(|(_, last)| place == last + 1);
        let begins = place == 0 && before.is_none_or(|(of, _)| of != seq);
        if !follows && !begins {
            bad.insert(seq);
        }
        before = Some((seq, place));
        let (_, items, named) = open.get_or_insert_with(|| (seq, Items::default(), Vec::new()));
        items.push(&heading, &item.text());
        named.push(heading);
        Ok(())
    })?;
    close(open, &mut bad);
    bad.extend(expected.keys());
    if bad.is_empty() {
        return Ok(count);
    }
    let before = found.len();
    let none = Vec::new();
    let given: BTreeMap<&String, &Vec<String>> = state.lists().collect();
    for heading in given.keys().copied().chain(&headings).collect::<BTreeSet<_>>() {
        let rows = db.rows("SELECT item FROM item WHERE heading = $1 ORDER BY seq, place", &[heading.as_str().into()])?;
        let kept: Vec<String> = rows.into_iter().flatten().map(Value::text).collect();
        if kept != **given.get(heading).unwrap_or(&&none) {
            found.push(Finding::ListDiffers { heading: heading.clone() });
        }
    }
    if found.len() == before {
        found.extend(bad.into_iter().map(|seq| Finding::ItemsDiffer { seq }));
    }
    Ok(count)
}

/// Every root that is kept for proofs; those below a checkpoint must be there.
fn kept_tiles(db: &mut Db, found: &mut Vec<Finding>, tiles: &Tiles, signed: u64) -> Result<u64, Error> {
    let (mut count, mut next) = (0, BTreeMap::<i64, i64>::new());
    db.each("SELECT level, place, hash FROM tile ORDER BY level, place", &[], |row| {
        let [level, place, hash] = cells(row);
        let (level, place, hash) = (whole(&level), whole(&place), hash.text());
        count += 1;
        let own = u64::try_from(level).ok().zip(u64::try_from(place).ok()).and_then(|(level, place)| tiles.root(level, place));
        if own.map(ToString::to_string) != Some(hash) {
            found.push(Finding::TileDiffers { level, place });
        }
        let next = next.entry(level).or_default();
        found.extend((*next..place).take(1).map(|place| Finding::TileDiffers { level, place }));
        *next = place.saturating_add(1);
        Ok(())
    })?;
    let (mut level, mut full) = (1, signed / 256);
    while full > 0 {
        let kept = next.get(&level).copied().unwrap_or(0);
        if i64::try_from(full).is_ok_and(|full| kept < full) && tiles.root(level.unsigned_abs(), full - 1).is_some() {
            found.push(Finding::TileDiffers { level, place: kept });
        }
        (level, full) = (level + 1, full / 256);
    }
    Ok(count)
}

/// Tables, columns, indexes, and whatever else acts in a database, against what this program makes.
fn schema(db: &mut Db, found: &mut Vec<Finding>) -> Result<(), Error> {
    let mut fresh = Db::Lite(rusqlite::Connection::open_in_memory()?, None);
    fresh.batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)")?;
    for step in MIGRATIONS {
        fresh.batch(step)?;
    }
    let of_server = matches!(db, Db::Post(..));
    let (own, mut kept) = (made(&mut fresh, of_server)?, made(db, of_server)?);
    for (name, text) in own {
        match kept.remove(&name) {
            None => found.push(Finding::Schema { name, why: "is gone".to_owned() }),
            Some(other) if other != text => {
                found.push(Finding::Schema { name, why: "is not as this program makes it".to_owned() });
            }
            Some(_) => {}
        }
    }
    found.extend(kept.into_keys().map(|name| Finding::Schema { name, why: "is none that this program makes".to_owned() }));
    let rows = db.rows("SELECT name FROM meta WHERE name <> 'version' ORDER BY name", &[])?;
    let more = rows.into_iter().flatten().map(|name| format!("the row `{}` of the table meta", name.text()));
    found.extend(more.map(|name| Finding::Schema { name, why: "is none that this program makes".to_owned() }));
    if let Db::Lite(..) = db {
        let damage = part(db, "the database file", found, |db, _| db.rows("PRAGMA integrity_check", &[]))?.unwrap_or_default();
        let damage = damage.into_iter().flatten().map(Value::text).filter(|text| text != "ok");
        found.extend(
            damage.map(|why| Finding::Schema { name: "the database file".to_owned(), why: format!("is damaged: {why}") }),
        );
    }
    Ok(())
}

/// What a database has, by name; of a server's the part that both databases tell alike.
fn made(db: &mut Db, of_server: bool) -> Result<BTreeMap<String, String>, Error> {
    let sql = match (&*db, of_server) {
        (Db::Lite(..), false) => "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^'",
        (Db::Lite(..), true) => {
            "SELECT 'table ' || t.name, (SELECT group_concat(c.name, ', ') FROM pragma_table_info(t.name) c) FROM sqlite_master t \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite^_%' ESCAPE '^' UNION ALL \
             SELECT 'index ' || i.name, CASE i.\"unique\" WHEN 1 THEN 'unique' ELSE '' END FROM sqlite_master t, pragma_index_list(t.name) i \
             WHERE t.type = 'table' AND i.origin = 'c'"
        }
        (Db::Post(..), _) => {
            "SELECT 'table ' || table_name, string_agg(column_name::text, ', ' ORDER BY ordinal_position) FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name IN ('meta', 'head', 'entry', 'record', 'item', 'tile', 'checkpoint') \
             GROUP BY table_name UNION ALL \
             SELECT 'index ' || c.relname, CASE WHEN i.indisunique THEN 'unique' ELSE '' END FROM pg_index i \
             JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
             WHERE n.nspname = current_schema() AND NOT i.indisprimary \
             AND t.relname IN ('meta', 'head', 'entry', 'record', 'item', 'tile', 'checkpoint') UNION ALL \
             SELECT 'trigger ' || g.tgname, '' FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid \
             JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = current_schema() AND NOT g.tgisinternal \
             AND t.relname IN ('meta', 'head', 'entry', 'record', 'item', 'tile', 'checkpoint') UNION ALL \
             SELECT 'rule ' || rulename, '' FROM pg_rules WHERE schemaname = current_schema() \
             AND tablename IN ('meta', 'head', 'entry', 'record', 'item', 'tile', 'checkpoint')"
        }
    };
    Ok(db.rows(sql, &[])?.into_iter().map(cells).map(|[name, text]| (name.text(), text.text())).collect())
}

/// A whole number; where something else stands, one that nothing has.
fn whole(value: &Value) -> i64 {
    if let Value::Int(n) = value { *n } else { i64::MIN }
}

fn cells<const N: usize>(row: Vec<Value>) -> [Value; N] {
    row.try_into().unwrap_or([const { Value::Null }; N])
}
