//! The page is well-formed, escaped, alone, and complete.

use super::*;
use crate::bench::html::fixtures::bench;
use roxmltree::{Document, Node, ParsingOptions};

fn with_document(page: &str, check: impl FnOnce(&Document<'_>)) {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    check(&Document::parse_with_options(page, options).expect("well-formed"));
}

fn texts<'a>(document: &'a Document<'_>, tag: &str) -> Vec<&'a str> {
    let nodes = document.descendants().filter(|node| node.has_tag_name(tag));
    nodes.filter_map(|node| node.text()).collect()
}

#[test]
fn page_is_well_formed_and_whatever_comes_from_outside_is_escaped() {
    let page = page(&bench()).expect("a page");
    with_document(&page, |document| {
        assert!(texts(document, "script").is_empty());
        assert!(texts(document, "h3").contains(&"a <b> & \"c\""));
        assert!(texts(document, "th").contains(&"</svg><script>alert(1)</script>"));
        let items = texts(document, "li");
        assert!(items.iter().any(|text| text.ends_with("found <none>")), "{items:?}");
    });
}

#[test]
fn page_asks_for_nothing_else() {
    let page = page(&bench()).expect("a page");
    for word in ["http:", "https:", "//", "url(", "@import", "src=", "href=", "<link", "<script"] {
        // A name of the fixture has the escaped form.
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn every_chart_has_a_title_and_a_description_and_ids_are_unique() {
    let page = page(&bench()).expect("a page");
    with_document(&page, |document| {
        let ids: Vec<&str> =
            document.descendants().filter_map(|node| node.attribute("id")).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len());
        let charts: Vec<Node<'_, '_>> =
            document.descendants().filter(|node| node.has_tag_name("svg")).collect();
        // Means, curve, kinds; sizes and strip of each pair.
        assert_eq!(charts.len(), 3 + 2 * 2);
        for chart in charts {
            assert_eq!(chart.attribute("role"), Some("img"));
            let labels = chart.attribute("aria-labelledby").expect("a label");
            assert!(labels.split(' ').all(|id| ids.contains(&id)), "{labels}");
        }
    });
}

#[test]
fn failures_and_absences_are_told() {
    let page = page(&bench()).expect("a page");
    with_document(&page, |document| {
        let items = texts(document, "li");
        assert!(
            items.iter().any(|text| text.starts_with("FAILED verification: broken on 'second'"))
        );
        assert!(items.iter().any(|text| text.starts_with("absent: missing: ")));
        assert!(items.contains(&"note: left out file 'x'"));
        assert!(texts(document, "td").contains(&"FAILED"));
        assert!(texts(document, "text").contains(&"FAILED verification"));
    });
}

#[test]
fn a_page_of_one_coder_and_no_explanation_is_well_formed_too() {
    let mut bench = bench();
    bench.codecs.truncate(1);
    for pair in &mut bench.pairs {
        pair.runs.truncate(1);
        pair.explanation = None;
    }
    with_document(&page(&bench).expect("a page"), |document| {
        let charts = document.descendants().filter(|node| node.has_tag_name("svg"));
        assert_eq!(charts.count(), 1 + 2);
    });
}

#[test]
fn results_survive_json() {
    let bench = bench();
    let text = serde_json::to_string(&bench).expect("JSON");
    let back: Bench = serde_json::from_str(&text).expect("results");
    assert_eq!(page(&back).expect("a page"), page(&bench).expect("a page"));
}
