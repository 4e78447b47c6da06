//! What the YAML library noticed, by the kinds of its errors, in words of an inventory. Its own words name
//! parts of YAML's grammar, so they are never shown, and nothing depends on them.

use serde_saphyr::granit_parser::ErrorKind as Kind;
use serde_saphyr::{Error, ExternalMessageSource};

/// A mistake of form.
pub(super) struct Noticed {
    pub(super) title: String,
    /// What to do, where that is more than to look at the indentation.
    pub(super) help: Option<&'static str>,
}

const QUOTES: &str = "write the value in quotes";
const CLOSE: &str = "close the `{`, `[` or quote that is marked, or one further up";

/// What is wrong, if it is about the text's form.
pub(super) fn of(error: &Error) -> Noticed {
    match error {
        Error::ExternalMessage { source, .. } => match source.as_ref() {
            ExternalMessageSource::Parser(error) => scanned(error.kind()),
            _ => lines(),
        },
        Error::MergeValueNotMapOrSeqOfMaps { .. } => {
            noticed("`<<` takes a section", "write `<<: *NAME`, with `&NAME` before that section")
        }
        Error::MergeKeyNotAllowed { .. } => {
            noticed("`<<` can't stand here", "write the keys themselves")
        }
        Error::Eof { .. } => noticed("the inventory ends within a value", CLOSE),
        _ => lines(),
    }
}

/// Whether it has too many or too deep values.
pub(super) fn is_too_large(error: &Error) -> bool {
    matches!(
        error,
        Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
    ) || matches!(kind(error), Some(Kind::RecursionLimitExceeded))
}

/// Whether it is about a tag, `!NAME`.
pub(super) fn is_tag(error: &Error) -> bool {
    let of_value = matches!(
        error,
        Error::UnsupportedTag { .. }
            | Error::TaggedScalarCannotDeserializeIntoString { .. }
            | Error::TaggedEnumMismatch { .. }
            | Error::TaggedStructFieldName { .. }
    );
    let scanned = matches!(
        kind(error),
        Some(
            Kind::UndeclaredTagHandle
                | Kind::ExpectedTagBang
                | Kind::InvalidGlobalTagCharacter
                | Kind::InvalidTagTerminator
                | Kind::MissingTagUri
                | Kind::UnclosedVerbatimTag
                | Kind::InvalidTagEscape
                | Kind::InvalidTagUtf8LeadingByte
                | Kind::InvalidTagUtf8TrailingByte
                | Kind::InvalidTagUtf8
        )
    );
    of_value || scanned
}

/// Whether it can be about a directive, a line that begins with `%`.
pub(super) fn is_directive(error: &Error) -> bool {
    matches!(
        kind(error),
        Some(
            Kind::DuplicateVersionDirective
                | Kind::UnsupportedYamlMajorVersion
                | Kind::DuplicateTagDirective
                | Kind::MissingDirectiveName
                | Kind::InvalidDirectiveName
                | Kind::InvalidDirectiveTerminator
                | Kind::MissingYamlVersionSeparator
                | Kind::MissingYamlVersion
                | Kind::YamlVersionTooLong
                | Kind::MissingDocumentEndBeforeDirective
                | Kind::ExpectedTagDirectiveBang
                | Kind::InvalidTagDirectiveTerminator
                // After a directive YAML wants `---`.
                | Kind::ExpectedDocumentStart
        )
    )
}

fn kind(error: &Error) -> Option<&Kind> {
    let Error::ExternalMessage { source, .. } = error else { return None };
    match source.as_ref() {
        ExternalMessageSource::Parser(error) => Some(error.kind()),
        _ => None,
    }
}

fn noticed(title: impl Into<String>, help: &'static str) -> Noticed {
    Noticed { title: title.into(), help: Some(help) }
}

/// Whatever has no words of its own.
fn lines() -> Noticed {
    Noticed { title: "the lines do not fit together here".to_owned(), help: None }
}

fn scanned(kind: &Kind) -> Noticed {
    match kind {
        Kind::MismatchedFlowCollectionEnd { open, close } => {
            noticed(format!("`{open}` is closed by `{close}`"), CLOSE)
        }
        Kind::UnclosedFlowCollection { open } => noticed(format!("`{open}` is not closed"), CLOSE),
        Kind::UnexpectedEofFlowSequence => noticed("`[` is not closed", CLOSE),
        Kind::UnexpectedEofFlowMapping | Kind::UnexpectedEofImplicitFlowMapping => {
            noticed("`{` is not closed", CLOSE)
        }
        Kind::ExpectedFlowSequenceSeparator => noticed("`,` or `]` is missing", CLOSE),
        Kind::ExpectedFlowMappingSeparator => noticed("`,` or `}` is missing", CLOSE),
        Kind::MisplacedFlowCollectionEnd => {
            noticed("a `}` or `]` that closes nothing", "remove it, or open it before the value")
        }
        Kind::UnclosedQuotedScalar | Kind::DocumentIndicatorInQuotedScalar => {
            noticed("a quote is not closed", CLOSE)
        }
        Kind::InvalidQuotedScalarIndent => {
            noticed("a quoted value goes on in a line that is not indented", CLOSE)
        }
        Kind::InvalidTrailingSingleQuotedScalar | Kind::InvalidTrailingDoubleQuotedScalar => {
            noticed("text after a closing quote", "write the whole value in one pair of quotes")
        }
        Kind::UnknownQuotedScalarEscape
        | Kind::InvalidQuotedScalarHexEscape
        | Kind::InvalidLowSurrogateHexEscape
        | Kind::InvalidLowSurrogate
        | Kind::MissingLowSurrogate
        | Kind::UnpairedLowSurrogate
        | Kind::InvalidUnicodeEscape => noticed(
            "a backslash in double quotes begins no character",
            "write the value in single quotes, where a backslash is just one",
        ),
        Kind::InvalidIndentation
        | Kind::InvalidFlowScalarIndent
        | Kind::InvalidBlockScalarIndent => Noticed {
            title: "the line's indentation matches no line above it".to_owned(),
            help: None,
        },
        Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabInIndentation
        | Kind::TabInPlainScalar
        | Kind::TabAtBlockScalarStart => noticed("a tab where blanks belong", "write blanks"),
        Kind::InvalidColonPlacement => {
            noticed("a key in a new line, inside a `{` or `[` that is not closed", CLOSE)
        }
        Kind::MappingValueNotAllowed
        | Kind::MappingKeyNotAllowed
        | Kind::InvalidMappingValueWhitespace
        | Kind::FlowMappingValueAdjacentCollection => noticed(
            "a colon with a blank behind it inside a value",
            "write one key in a line; write a value that has a colon in quotes",
        ),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => {
            noticed("a key without a colon", "write `KEY: VALUE`")
        }
        Kind::UnexpectedCharacter { character } => {
            noticed(format!("`{}` can't begin a value", character.escape_default()), QUOTES)
        }
        Kind::PlainScalarStartsWithDashFlowIndicator => {
            noticed("a value can't begin with `-` and a bracket or comma", QUOTES)
        }
        Kind::BlockEntryInFlowCollection
        | Kind::BlockSequenceEntryNotAllowed
        | Kind::InvalidBlockEntryWhitespace => {
            noticed("`-` can't begin an item here", "write each `- ` in a line of its own")
        }
        Kind::CommentNotSeparated | Kind::InvalidBlockScalarHeader => noticed(
            "a comment or text right behind a value",
            "write a blank before `#`; write the lines of `|` or `>` below it",
        ),
        Kind::CommentInterceptedScalar => {
            noticed("a comment within a value of several lines", "move the comment above the key")
        }
        Kind::MissingAnchorOrAliasName => noticed("`*` or `&` without a name behind it", QUOTES),
        Kind::UnexpectedEof
        | Kind::UnexpectedEofBlockMapping
        | Kind::UnexpectedEofBlockSequence => noticed("the inventory ends within a value", CLOSE),
        _ => lines(),
    }
}
