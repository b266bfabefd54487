//! Chromium without a window: opens a page, measures it, prints it. Without Chromium the tests fail, unless TOLLGATE_NO_BROWSER is set.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A browser and a folder of its own; `None` where the caller said that there is none.
pub(crate) struct Browser {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Browser {
    pub(crate) fn open() -> Option<Self> {
        if std::env::var_os("TOLLGATE_NO_BROWSER").is_some() {
            eprintln!("skipped: TOLLGATE_NO_BROWSER is set");
            return None;
        }
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
        let found = || std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name))).find(|file| file.is_file());
        let program = named.or_else(found).unwrap_or_else(|| {
            panic!(
                "no Chromium on the path: the page cannot be opened. Install it (Debian: apt-get install chromium), name it in \
                 CHROMIUM, or set TOLLGATE_NO_BROWSER to leave these tests out"
            )
        });
        Some(Browser { program, folder: tempfile::tempdir().unwrap() })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.file(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Runs on a page; what the page said on its console is in the errors.
    pub(crate) fn run(&self, flags: &[&str], page: &Path) -> Output {
        let output = Command::new(&self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"])
            .args(["--enable-logging=stderr", "--log-level=0", "--timeout=20000", "--virtual-time-budget=2000"])
            .arg(format!("--user-data-dir={}", self.file("profile").display()))
            .args(flags)
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    pub(crate) fn dom(&self, flags: &[&str], page: &Path) -> (String, String) {
        let output = self.run(&[flags, &["--dump-dom"]].concat(), page);
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// A copy of a page that looks at itself; the page's own policy forbids scripts, so the copy goes without it.
    pub(crate) fn probed(&self, name: &str, html: &str) -> PathBuf {
        let policy = "<meta http-equiv=\"Content-Security-Policy\"";
        assert!(html.contains(policy));
        let probed = html.replace(policy, "<meta name=\"policy\"").replace("</body>", &format!("{PROBE}</body>"));
        self.write(&format!("{name}-probe.html"), &probed)
    }

    /// What a reader of a probed page would see go wrong in a window of that size; empty where all is well.
    pub(crate) fn wrong(&self, size: &str, page: &Path) -> String {
        let (dom, _) = self.dom(&[&format!("--window-size={size}")], page);
        let told = dom.split("<pre id=\"probe\">").nth(1).expect("the probe did not run").split("</pre>").next().unwrap();
        if told.starts_with("wrong=0;") { String::new() } else { told.to_owned() }
    }
}

/// Every figure of a page as the browser built it.
pub(crate) fn figures(dom: &str) -> Vec<&str> {
    dom.split("<figure").skip(1).map(|rest| rest.split("</figure>").next().unwrap()).collect()
}

/// What pages asked of the network; the browser's own errands have no page as their origin.
pub(crate) fn asked(log: &Path) -> Vec<String> {
    let log = std::fs::read_to_string(log).unwrap();
    log.lines()
        .filter(|line| line.contains("\"url\":\"http") && line.contains("\"initiator\":"))
        .filter(|line| !line.contains("\"initiator\":\"not an origin\""))
        .map(str::to_owned)
        .collect()
}

/// Run inside the page by tests alone: what the reader would see go wrong.
const PROBE: &str = r#"<script>
const wrong = [];
const box = e => e.getBoundingClientRect();
if (document.documentElement.scrollWidth > window.innerWidth + 1) wrong.push('the page is wider than the window: ' + document.documentElement.scrollWidth);
for (const svg of document.querySelectorAll('svg')) {
  const name = svg.getAttribute('aria-label');
  if (!name || svg.getAttribute('role') !== 'img') wrong.push('a picture has no name');
  if (box(svg).width < 100) wrong.push('a picture has no size: ' + name);
  const drawn = [...svg.querySelectorAll('path,circle,line,rect')].filter(e => !e.closest('defs') && (box(e).width > 0 || box(e).height > 0));
  // A difference that is one number in all worlds is a point on its axis.
  if (drawn.length < (svg.closest('.difference') ? 2 : 3)) wrong.push('a picture is empty: ' + name);
  const frame = box(svg), texts = [...svg.querySelectorAll('text')].filter(e => e.textContent);
  texts.forEach((a, i) => {
    const p = box(a);
    if (p.left < frame.left - 1 || p.right > frame.right + 1 || p.top < frame.top - 1 || p.bottom > frame.bottom + 1) wrong.push('cut off: ' + a.textContent);
    for (const b of texts.slice(i + 1)) {
      const q = box(b);
      if (Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 3) wrong.push('overlap: ' + a.textContent + ' / ' + b.textContent);
    }
  });
  const fills = new Set(drawn.map(e => getComputedStyle(e).fill + getComputedStyle(e).stroke));
  if ([...fills].some(f => f.includes('var('))) wrong.push('a colour is unknown');
}
const ink = getComputedStyle(document.body).color, paper = getComputedStyle(document.body).backgroundColor;
const out = document.createElement('pre');
out.id = 'probe';
out.textContent = 'wrong=' + wrong.length + ';' + wrong.slice(0, 20).join(';') + ';ink=' + ink + ';paper=' + paper + ';end';
document.body.append(out);
</script>"#;
