//! The packs: embedded in the binary, and files of `--data DIR` in their stead.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use facts::{Pack, Problem, Severity, Source};
use regime::{Corridor, Library};

use crate::args::{Common, Look};
use crate::outputs::{Identity, Special, special};
use crate::screen::Failure;

static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/data.rs"));

/// The deepest folder that is read.
const DEEPEST: usize = 12;

/// The pack that the options mean. A regime in the folder replaces the embedded regime whole; any other file, the same file.
pub(crate) fn pack(folder: Option<&Path>) -> Result<Arc<Pack>, Failure> {
    let mut texts: BTreeMap<String, String> = EMBEDDED.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
    if let Some(folder) = folder {
        let own = read_folder(folder)?;
        for regime in
            own.keys().filter_map(|p| p.strip_prefix("regimes/")?.strip_suffix("/regime.toml")).filter(|r| !r.contains('/'))
        {
            let prefix = format!("regimes/{regime}/");
            texts.retain(|path, _| !path.starts_with(&prefix));
        }
        texts.extend(own);
    }
    Ok(Arc::new(Pack::new(texts)))
}

/// A page or a table that is greater than this is refused: no law is.
const LARGEST: u64 = 16 << 20;

/// The files that belong to the packs of a folder; what is wrong with it is told where it is read.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let _ = collect(folder, &mut Vec::new(), &mut files);
    files.into_iter().filter_map(|(path, readable)| readable.ok().map(|()| path)).collect()
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = Vec::new();
    collect(folder, &mut Vec::new(), &mut files).map_err(|e| Failure::io(folder, &e))?;
    let mut texts = BTreeMap::new();
    let mut problems = Vec::new();
    for (file, readable) in files {
        let path = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let mut report = |why: &str, hint: &str| {
            let nowhere = Source { path: path.clone(), text: String::new() };
            problems.push(nowhere.problem(0..0, why).hint(hint));
        };
        if let Err(what) = readable {
            report(&what, "the pages of a pack are plain files: move it elsewhere");
            continue;
        }
        let mut bytes = Vec::new();
        let read = fs::File::open(&file).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        read.map_err(|e| Failure::io(&file, &e))?;
        if bytes.len() as u64 > LARGEST {
            report(
                &format!("the file has more than {LARGEST} bytes"),
                "no page is so long: move the file elsewhere, or cut it up",
            );
            continue;
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                texts.insert(path, text);
            }
            Err(_) => report("not UTF-8 text", "packs are text only: move the file elsewhere, or save it as UTF-8"),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    if texts.is_empty() {
        return Err(Failure::Message(
            format!("{} holds nothing that belongs to a pack", folder.display()),
            "a folder of packs holds regimes/<id>/, chips/, fields.toml …".to_owned(),
        ));
    }
    Ok(texts)
}

/// Texts of a pack: Markdown, TOML and CSV, each with what it is instead of a plain file, if it is none. Hidden files and anything else
/// lie beside the pack. `above` are the folders on the way, since a link may lead back.
fn collect(folder: &Path, above: &mut Vec<Identity>, files: &mut Vec<(PathBuf, Result<(), String>)>) -> std::io::Result<()> {
    let own = Identity::of(folder);
    if above.contains(&own) {
        files.push((folder.to_owned(), Err("the link leads back to a folder that holds it".to_owned())));
        return Ok(());
    }
    above.push(own);
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        let there = fs::metadata(&path);
        if there.as_ref().is_ok_and(Metadata::is_dir) {
            if above.len() <= DEEPEST {
                collect(&path, above, files)?;
            }
        } else if path.extension().is_some_and(|e| e == "md" || e == "toml" || e == "csv") {
            let readable = match there {
                Ok(there) if there.is_file() => Ok(()),
                Ok(there) => Err(match special(there.file_type()) {
                    Special::Pipe => "it is a pipe".to_owned(),
                    Special::Device => "it is a device".to_owned(),
                    Special::Other(what) => format!("it is {what}"),
                }),
                Err(e) => Err(format!("it cannot be read: {e}")),
            };
            files.push((path, readable));
        }
    }
    above.pop();
    Ok(())
}

/// Dictionary and catalogue of the pack that the options mean.
pub(crate) fn library(common: &Common) -> Result<Library, Failure> {
    let mut problems: Vec<Problem> = Vec::new();
    let library = Library::open(pack(common.data.as_deref())?, &mut problems);
    problems.retain(|p| p.severity == Severity::Error);
    if problems.is_empty() { Ok(library) } else { Err(Failure::Problems(problems)) }
}

/// The gates that the options mean.
pub(crate) fn corridor(library: &Library, look: &Look) -> Result<Corridor, Failure> {
    library.corridor(&look.regimes, &look.drafts, look.lens()).map_err(Failure::Problems)
}
