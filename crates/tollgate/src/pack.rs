//! The packs: embedded in the binary, and files of `--data DIR` in their stead.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use facts::{Pack, Problem, Severity, Source};
use regime::{Corridor, Library};

use crate::args::{Common, Look};
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

fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = Vec::new();
    collect(folder, DEEPEST, &mut files).map_err(|e| Failure::io(folder, &e))?;
    let mut texts = BTreeMap::new();
    let mut problems = Vec::new();
    for file in files {
        let path = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let bytes = fs::read(&file).map_err(|e| Failure::io(&file, &e))?;
        match String::from_utf8(bytes) {
            Ok(text) => {
                texts.insert(path, text);
            }
            Err(_) => {
                let nowhere = Source { path, text: String::new() };
                problems.push(
                    nowhere
                        .problem(0..0, "not UTF-8 text")
                        .hint("packs are text only: move the file elsewhere, or save it as UTF-8"),
                );
            }
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

/// Texts of a pack: Markdown, TOML and CSV. Hidden files and anything else lie beside it.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, files)?;
        } else if path.extension().is_some_and(|e| e == "md" || e == "toml" || e == "csv") {
            files.push(path);
        }
    }
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
