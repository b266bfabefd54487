//! The page in a real browser: Chromium without a window opens it, measures it, prints it. Without Chromium these tests fail, unless
//! TOLLGATE_NO_BROWSER is set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, missing_docs)]

mod sample;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use report::{Lang, html};

/// A browser and a folder of its own; `None` where the caller said that there is none.
struct Browser {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Browser {
    fn open() -> Option<Self> {
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

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.file(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Runs on a page; what the page said on its console is in the errors.
    fn run(&self, flags: &[&str], page: &Path) -> Output {
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

    fn dom(&self, flags: &[&str], page: &Path) -> (String, String) {
        let output = self.run(&[flags, &["--dump-dom"]].concat(), page);
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn sample_page(lang: Lang) -> String {
    html(&sample::sample(lang), lang).unwrap()
}

/// Every figure of a page as the browser built it.
fn figures(dom: &str) -> Vec<&str> {
    dom.split("<figure").skip(1).map(|rest| rest.split("</figure>").next().unwrap()).collect()
}

#[test]
fn figures_carry_data_and_the_console_is_silent() {
    let Some(browser) = Browser::open() else { return };
    for (lang, name, phrases) in [
        (Lang::En, "en.html", ["The short answer", "Known law ends", "Supported", "Law as it stands"]),
        (Lang::Zh, "zh.html", ["简要回答", "已知法规至此", "视条件而定", "现行法规"]),
    ] {
        let page = browser.write(name, &sample_page(lang));
        let log = browser.file("net.json");
        let (dom, said) = browser.dom(&[&format!("--log-net-log={}", log.display())], &page);
        for phrase in phrases {
            assert!(dom.contains(phrase), "{phrase} is not on the page");
        }
        let figures = figures(&dom);
        assert_eq!(figures.len(), 2 + 4 + 1 + 3);
        for figure in figures {
            let shapes = figure.matches("<path").count() + figure.matches("<circle").count() + figure.matches("<rect").count();
            assert!(shapes > 3, "{shapes} shapes in {}", &figure[..figure.len().min(200)]);
        }
        assert_eq!(dom.matches("class=\"difference\"").count(), 8);
        assert!(!said.contains("CONSOLE"), "the console spoke: {said}");
        assert_eq!(asked(&log), Vec::<String>::new(), "the page asked the network");
    }
}

/// What pages asked of the network; the browser's own errands have no page as their origin.
fn asked(log: &Path) -> Vec<String> {
    let log = std::fs::read_to_string(log).unwrap();
    log.lines()
        .filter(|line| line.contains("\"url\":\"http") && line.contains("\"initiator\":"))
        .filter(|line| !line.contains("\"initiator\":\"not an origin\""))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_page_that_asks_the_network_or_speaks_is_noticed() {
    let Some(browser) = Browser::open() else { return };
    let page = browser.write("bad.html", "<img src='http://127.0.0.1:9/x.png'><script>console.error('spoken')</script>");
    let log = browser.file("net.json");
    let (_, said) = browser.dom(&[&format!("--log-net-log={}", log.display())], &page);
    assert!(said.contains("CONSOLE") && said.contains("spoken"), "{said}");
    assert!(asked(&log).iter().any(|line| line.contains("127.0.0.1:9")), "the request was not seen");
}

/// Run inside the page by this test alone: what the reader would see go wrong.
const PROBE: &str = r#"<script>
const wrong = [];
const box = e => e.getBoundingClientRect();
if (document.documentElement.scrollWidth > window.innerWidth + 1) wrong.push('the page is wider than the window: ' + document.documentElement.scrollWidth);
for (const svg of document.querySelectorAll('svg')) {
  const name = svg.getAttribute('aria-label');
  if (!name || svg.getAttribute('role') !== 'img') wrong.push('a picture has no name');
  if (box(svg).width < 100) wrong.push('a picture has no size: ' + name);
  const drawn = [...svg.querySelectorAll('path,circle,line,rect')].filter(e => !e.closest('defs') && (box(e).width > 0 || box(e).height > 0));
  if (drawn.length < 3) wrong.push('a picture is empty: ' + name);
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

#[test]
fn nothing_is_cut_off_or_overlaps_on_wide_and_narrow_screens() {
    let Some(browser) = Browser::open() else { return };
    for (lang, name) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        // The page's own policy forbids scripts, so the copy that is probed goes without it.
        let html = sample_page(lang);
        let policy = "<meta http-equiv=\"Content-Security-Policy\"";
        assert!(html.contains(policy));
        let probed = html.replace(policy, "<meta name=\"policy\"").replace("</body>", &format!("{PROBE}</body>"));
        let page = browser.write(&format!("{name}-probe.html"), &probed);
        for size in ["1440,1000", "1024,800", "500,900"] {
            let (dom, _) = browser.dom(&[&format!("--window-size={size}")], &page);
            let told = dom.split("<pre id=\"probe\">").nth(1).expect("the probe did not run").split("</pre>").next().unwrap();
            assert!(told.starts_with("wrong=0;"), "{name} at {size}: {told}");
        }
        let (dark, _) = browser.dom(&["--force-dark-mode", "--blink-settings=preferredColorScheme=0"], &page);
        assert!(dark.contains("paper=rgb(21, 25, 30)"), "dark is not dark: {}", dark.split("ink=").nth(2).unwrap_or_default());
    }
}

#[test]
fn it_prints() {
    let Some(browser) = Browser::open() else { return };
    for (lang, name) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        let page = browser.write(&format!("{name}-print.html"), &sample_page(lang));
        let pdf = browser.file(&format!("{name}.pdf"));
        browser.run(&[&format!("--print-to-pdf={}", pdf.display()), "--no-pdf-header-footer"], &page);
        let bytes = std::fs::read(&pdf).unwrap();
        assert!(bytes.starts_with(b"%PDF"));
        let pages = bytes.windows(11).filter(|w| w == b"/Type /Page").count();
        assert!((3..=14).contains(&pages), "{pages} pages");
    }
}

/// Writes the sample where TOLLGATE_SAMPLE says, to be looked at: `TOLLGATE_SAMPLE=/tmp cargo test -p report --test browser sample`.
#[test]
fn sample_to_look_at() {
    if let Some(folder) = std::env::var_os("TOLLGATE_SAMPLE").map(PathBuf::from) {
        for (lang, name) in [(Lang::En, "sample-en.html"), (Lang::Zh, "sample-zh.html")] {
            std::fs::write(folder.join(name), sample_page(lang)).unwrap();
        }
    }
}
