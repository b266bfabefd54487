//! Names of companies, and neighbours of a misspelt one.

use std::sync::Arc;

use super::*;

#[test]
fn legal_forms_do_not_make_another_company() {
    for (a, b) in [
        ("NVIDIA", "nvidia"),
        ("NVIDIA", "Nvidia Corporation"),
        ("NVIDIA", "NVIDIA Corp."),
        ("NVIDIA", "NVIDIA, Inc."),
        ("Huawei Technologies", "Huawei Technologies Co., Ltd."),
        ("AMD", "AMD Inc"),
    ] {
        assert!(same_name(a, b) && same_name(b, a), "{a} is {b}");
    }
    for (a, b) in [
        ("NVIDIA", "NVIDIAX"),
        ("NVIDIA", "NVIDIA Research"),
        ("NVIDIA", "NVIDIA Corporation of China"),
        ("NVIDIA", "AMD"),
        ("Intel", "Inteligent Corporation"),
        ("", "Corporation"),
        ("Moore", "Moore Threads"),
        ("é", "è"),
    ] {
        assert!(!same_name(a, b) && !same_name(b, a), "{a} is not {b}");
    }
}

/// Two spellings of one company's legal form are one company: a letter to "NVIDIA Corp" binds "NVIDIA Corporation".
#[test]
fn two_legal_forms_of_one_name_are_one_company() {
    assert!(same_name("NVIDIA Corp", "NVIDIA Corporation"));
    assert!(same_name("NVIDIA, Inc.", "NVIDIA Corporation"));
}

proptest! {
    #[test]
    fn sameness_of_names_is_symmetric(a in "[A-Za-z ,.é]{0,12}", b in "[A-Za-z ,.é]{0,12}") {
        prop_assert_eq!(same_name(&a, &b), same_name(&b, &a));
        prop_assert!(same_name(&a, &a));
    }
}

#[test]
fn neighbours_come_best_first_and_each_once() {
    assert_eq!(nearest("expot", ["import", "export", "transfer", "export"])[0], "export");
    assert_eq!(nearest("expot", ["export", "export"]), ["export"]);
    assert_eq!(nearest("h", ["H20", "H100", "H200", "H800", "L4"]).len(), 3);
    assert!(nearest("zzz", ["export"]).is_empty());
    assert!(nearest("", ["export"]).is_empty());
}

fn exporter(text: &str) -> Result<Fact, String> {
    dictionary().parse(field("exporter"), text)
}

fn is_named(text: &str, name: &str) -> bool {
    exporter(text).is_ok_and(|fact| fact == Fact::Text(name.into()))
}

/// A letter binds a company by its legal names, its common spellings and its Chinese names, in whatever signs they are typed.
#[test]
fn every_spelling_of_a_company_is_that_company() {
    let spellings = [
        (
            "NVIDIA",
            "nvidia|NVIDIA Corporation|Nvidia Corp.|NVIDIA, Inc.|NVIDIA Co., Ltd.|NVIDIA-Corp|N.V.I.D.I.A.|NVDA|英伟达|輝達|英伟达公司|英伟达有限公司",
        ),
        (
            "NVIDIA",
            "ＮＶＩＤＩＡ|ＮＶＩＤＩＡ　Ｃｏｒｐ|NVIDIA®|NVIDIA™ Corporation|\u{feff}NVIDIA|NVIDIA\u{200b}|NV\u{ad}IDIA|\u{202a}NVIDIA\u{202c}|NVI\u{2060}DIA|NVIDIA\u{fe0f}|NVIDIA\u{3164}|NVÍDIA|NVIDIA \u{a0} Corporation",
        ),
        (
            "AMD",
            "amd|AMD Inc|A.M.D.|Advanced Micro Devices|Advanced Micro Devices, Inc.|ADVANCED  MICRO DEVICES INC|ＡＭＤ|超威半导体",
        ),
        ("Intel", "INTEL|Intel Corporation|Intel® Corp|英特尔|英特爾公司"),
    ];
    for (name, all) in spellings {
        for text in all.split('|') {
            assert!(is_named(text, name), "{text:?} is {:?}, not {name}", exporter(text));
        }
    }
    // A fact that names no company is left as it reads.
    for (text, read) in [
        ("Lab 1", "Lab 1"),
        ("Buyer 8 (北京)", "Buyer 8 (北京)"),
        ("Buyer　８（北京）", "Buyer 8(北京)"),
        ("Société Générale", "Société Générale"),
    ] {
        assert!(is_named(text, read), "{text:?} is {:?}", exporter(text));
    }
}

/// Letters that pass for others are refused by name, and so is what stands where nobody knew a name.
#[test]
fn what_passes_for_a_name_is_refused() {
    for text in ["NVIDІA", "ΝVIDIA", "АMD", "Іntel Corporation", "NVIDI\u{410}", "NV\u{406}DIA Corp"] {
        let why = exporter(text);
        assert!(why.as_ref().is_err_and(|why| why.contains("another script")) || is_named(text, "NVIDIA"), "{text:?} is {why:?}");
    }
    for text in ["n/a", "N/A", "NaN", "null", "TBD", "-", "?", "…", "\u{200b}", "®", "待定"] {
        assert!(exporter(text).is_err(), "{text:?} is {:?}", exporter(text));
    }
    for text in ["unknown", "Unknown", " UNKNOWN ", ""] {
        assert_eq!(exporter(text), Ok(Fact::Unknown), "{text:?}");
    }
    for text in ["NVIDIA\u{7}", "NVI\nDIA", "NV\u{85}IDIA"] {
        assert!(exporter(text).is_err_and(|why| why.contains("control")), "{text:?}");
    }
}

/// A name that is one slip away from a bound one is told; one that is plainly another is not.
#[test]
fn a_slip_of_the_pen_is_told() {
    let names: Vec<Arc<str>> = ["NVIDIA", "AMD", "Intel"].map(Arc::from).into();
    let near = Near::new(&names, ["Huawei", "Intellifusion"], &dictionary().names);
    let slips = [
        (
            "NVIDIA",
            "NVDIA|NVIDA|NIVIDIA|NVIDEA|NVIDAI|NVlDIA|NV1DIA|NVIDIA Singapore Pte. Ltd.|NVDIA Corporation|NVIDIA Corporaton|The NVIDIA Company|NVIDIACorp|英伟达半导体科技（上海）有限公司|Invidia|NVIDIA (reseller)",
        ),
        ("AMD", "ADM|Advanced Micro Device|Advance Micro Devices|AMD Singapore|Advanced Micro Devises, Inc."),
        ("Intel", "lntel|Intell|Itel Corporation|Inetl|Intel Foundry|1ntel"),
    ];
    for (name, all) in slips {
        for text in all.split('|') {
            assert_eq!(near.of(text).map(|n| &**n), Some(name), "{text}");
        }
    }
    for text in [
        "NVIDIA",
        "nvidia corp",
        "AMD",
        "Huawei",
        "Intellifusion",
        "Google",
        "AMG",
        "AMF",
        "ABB",
        "Lab 1",
        "Test Foundry Customer",
        "Dell Technologies",
        "Supermicro",
        "Cambricon",
        "H200 SXM",
        "",
    ] {
        assert_eq!(near.of(text), None, "{text}");
    }
}

proptest! {
    /// Whatever is typed, reading it neither fails to end nor gives a name that holds what cannot be seen.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,20}") {
        if let Ok(Fact::Text(name)) = exporter(&text) {
            prop_assert!(!name.is_empty() && name.trim() == &*name && !name.contains("  "));
            prop_assert_eq!(exporter(&name), Ok(Fact::Text(name.clone())), "what was read reads back");
        }
    }
}
