//! One page as it was read: heading, prose, fenced blocks.

use std::ops::Range;

use facts::Unit;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};
use toml::Spanned;
use toml::de::DeTable;

use crate::law::ClauseKind;

/// A fenced block of TOML.
pub(super) struct Block<'a> {
    pub(super) source: usize,
    pub(super) table: Spanned<DeTable<'a>>,
    pub(super) base: usize,
    pub(super) at: Range<usize>,
}

/// A page as it was read, before its names are resolved.
pub(super) struct Page<'a> {
    pub(super) source: usize,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) prose: String,
    pub(super) heading: Range<usize>,
    pub(super) rules: Vec<Block<'a>>,
    pub(super) values: Vec<Block<'a>>,
    pub(super) kind: Option<ClauseKind>,
    pub(super) unit: Unit,
    pub(super) draft: Option<String>,
}

/// Parts of a page, in order.
pub(super) enum Part {
    Heading(Range<usize>, String),
    Prose(String),
    Fence { info: String, content: Range<usize>, at: Range<usize> },
}

pub(super) fn parts(text: &str) -> Vec<Part> {
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
