//! The page in a real browser: Chromium without a window opens it, measures it, prints it. Without Chromium these tests fail, unless
//! TOLLGATE_NO_BROWSER is set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, missing_docs)]

mod chromium;
mod sample;

use std::path::PathBuf;

use chromium::{Browser, asked, figures};
use report::{Lang, html};

fn sample_page(lang: Lang) -> String {
    html(&sample::sample(lang), lang).unwrap()
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

#[test]
fn a_page_that_asks_the_network_or_speaks_is_noticed() {
    let Some(browser) = Browser::open() else { return };
    let page = browser.write("bad.html", "<img src='http://127.0.0.1:9/x.png'><script>console.error('spoken')</script>");
    let log = browser.file("net.json");
    let (_, said) = browser.dom(&[&format!("--log-net-log={}", log.display())], &page);
    assert!(said.contains("CONSOLE") && said.contains("spoken"), "{said}");
    assert!(asked(&log).iter().any(|line| line.contains("127.0.0.1:9")), "the request was not seen");
}

#[test]
fn nothing_is_cut_off_or_overlaps_on_wide_and_narrow_screens() {
    let Some(browser) = Browser::open() else { return };
    for (lang, name) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        let page = browser.probed(name, &sample_page(lang));
        for size in ["1440,1000", "1024,800", "500,900"] {
            assert_eq!(browser.wrong(size, &page), "", "{name} at {size}");
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
