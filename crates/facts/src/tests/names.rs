//! Names of companies, and neighbours of a misspelt one.

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
