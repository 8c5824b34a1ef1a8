//! What is wrong with a command line, in one plain sentence; and how the values of options are read.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use jiff::Timestamp;

use super::{Done, Failure, complain};
use crate::config::Config;
use crate::domain::query::Query;

/// A whole number; the error says what was expected.
pub(super) fn count(text: &str) -> Result<usize, &'static str> {
    text.trim().parse().map_err(|_| "a whole number, such as 20")
}

/// A time in UTC or with its offset; the error says what was expected.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.trim().parse().map_err(|_| "a time such as 2026-02-05T14:25:00Z")
}

/// The query of a command, or what is wrong with it. A name in it that nothing has is said on stderr.
pub(super) fn query(text: &str, config: &Config) -> Result<Query, Failure> {
    let query = Query::parse(text)
        .map_err(|mistake| Failure::usage(format!("query, {}\n{}", mistake.place(text), mistake.picture(text))))?;
    if let Some(mistake) = query.unknown_name(&config.names()) {
        complain(format!("query, {}", mistake.place(text)));
    }
    Ok(query)
}

/// Help and version are printed; all else that the parser answers is a mistake in the command line.
pub(super) fn answer(error: &clap::Error) -> Done {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(error.print()?),
        // Which commands there are is what is missing.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            error.print()?;
            Err(Failure::usage(""))
        }
        _ => Err(Failure::usage(sentence(error))),
    }
}

/// What a mistake is about, as the parser tells it.
struct About<'e>(&'e clap::Error);

impl About<'_> {
    fn all(&self, kind: ContextKind) -> Vec<String> {
        match self.0.get(kind) {
            Some(ContextValue::String(one)) => vec![one.clone()],
            Some(ContextValue::Strings(all)) => all.clone(),
            Some(ContextValue::StyledStrs(all)) => all.iter().map(ToString::to_string).collect(),
            Some(ContextValue::StyledStr(one)) => vec![one.to_string()],
            _ => Vec::new(),
        }
    }

    fn one(&self, kind: ContextKind) -> String {
        self.all(kind).into_iter().next().unwrap_or_default()
    }

    /// `; did you mean '--json'?`
    fn hint(&self, kind: ContextKind) -> String {
        self.all(kind).last().map(|meant| format!("; did you mean '{meant}'?")).unwrap_or_default()
    }
}

fn sentence(error: &clap::Error) -> String {
    let about = About(error);
    let argument = about.one(ContextKind::InvalidArg);
    let said = match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            let hint = about.hint(ContextKind::SuggestedArg);
            // Only where a text may stand in its place.
            let text = about.all(ContextKind::Suggested).iter().any(|tip| tip.contains("--"));
            let behind = if hint.is_empty() && text { "; write -- before a text that begins with -" } else { "" };
            format!("there is no option '{}' here{hint}{behind}", brief(&argument))
        }
        ErrorKind::UnknownArgument => format!("'{}' is one argument too many", brief(&argument)),
        ErrorKind::InvalidSubcommand => {
            let hint = about.hint(ContextKind::SuggestedSubcommand);
            format!("there is no command '{}'{hint}", brief(&about.one(ContextKind::InvalidSubcommand)))
        }
        ErrorKind::MissingSubcommand => "a command is missing".into(),
        ErrorKind::MissingRequiredArgument => {
            format!("{} is missing", about.all(ContextKind::InvalidArg).join(" "))
        }
        ErrorKind::ArgumentConflict => {
            let other = about.one(ContextKind::PriorArg);
            match other == argument || other.is_empty() {
                true => format!("'{argument}' stands twice"),
                false => format!("'{argument}' and '{other}' exclude each other"),
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => value(error, &about, &argument),
        ErrorKind::InvalidUtf8 => "an argument is not in UTF-8".into(),
        ErrorKind::TooManyValues => format!("'{argument}' takes one value"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
            format!("'{argument}' needs a value")
        }
        _ => "these arguments cannot be understood".into(),
    };
    said + "; --help lists what there is"
}

fn value(error: &clap::Error, about: &About, argument: &str) -> String {
    let given = about.one(ContextKind::InvalidValue);
    if given.is_empty() {
        return format!("'{argument}' needs a value");
    }
    let values = about.all(ContextKind::ValidValue);
    let expected = match std::error::Error::source(error) {
        Some(expected) => expected.to_string(),
        None => format!("one of {}", values.join(", ")),
    };
    format!("'{}' does not fit '{argument}': expected {expected}", brief(&given))
}

/// The longest argument that is repeated whole, in characters.
const BRIEF: usize = 60;

fn brief(argument: &str) -> String {
    match argument.char_indices().nth(BRIEF) {
        Some((at, _)) => format!("{}…", argument.get(..at).unwrap_or_default()),
        None => argument.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::super::Cli;
    use super::*;

    fn said(arguments: &str) -> String {
        let error = Cli::try_parse_from(arguments.split(' ')).expect_err(arguments);
        sentence(&error).trim_end_matches("; --help lists what there is").to_owned()
    }

    #[test]
    fn every_mistake_is_one_plain_sentence() {
        for (arguments, expected) in [
            ("newstape stories --limit abc", "'abc' does not fit '--limit <N>': expected a whole number, such as 20"),
            ("newstape stories --limit -5", "'-5' does not fit '--limit <N>': expected a whole number, such as 20"),
            ("newstape stories --limit", "'--limit <N>' needs a value"),
            ("newstape feeds add x --pick 1.5", "'1.5' does not fit '--pick <N>': expected a whole number, such as 20"),
            ("newstape stories --jsn", "there is no option '--jsn' here; did you mean '--json'?"),
            ("newstape stories -gaming", "there is no option '-g' here; write -- before a text that begins with -"),
            ("newstape stories --json --csv", "'--json' and '--csv' exclude each other"),
            ("newstape stories --json --json", "'--json' stands twice"),
            ("newstape strories", "there is no command 'strories'; did you mean 'stories'?"),
            ("newstape demo more", "'more' is one argument too many"),
            ("newstape replay", "<DIR> is missing"),
            (
                "newstape demo --speed fast",
                "'fast' does not fit '--speed <N>': expected a number from 0.01 to 100000, such as 60",
            ),
            (
                "newstape demo --speed -1",
                "'-1' does not fit '--speed <N>': expected a number from 0.01 to 100000, such as 60",
            ),
            (
                "newstape replay d --from noon",
                "'noon' does not fit '--from <TIME>': expected a time such as 2026-02-05T14:25:00Z",
            ),
            ("newstape --now noon", "'noon' does not fit '--now <TIME>': expected a time such as 2026-02-05T14:25:00Z"),
            (
                "newstape stories --since 5",
                "'5' does not fit '--since <TIME>': expected a unit behind the number, such as \"5s\" or \"5m\"",
            ),
        ] {
            assert_eq!(said(arguments), expected, "{arguments}");
        }
        let long = format!("newstape stories --limit {}", "x".repeat(16_384));
        assert!(said(&long).len() < 200);
    }

    /// Every value of every option and argument of every command.
    #[test]
    fn no_library_speaks() {
        fn visit(command: &clap::Command, path: &str) {
            for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
                let Some(long) = argument.get_long() else { continue };
                for value in ["", "x", "-1", "\u{1b}[31m", "99999999999999999999999", "1.5"] {
                    let arguments = path.split(' ').map(str::to_owned).chain([format!("--{long}={value}")]);
                    let Err(error) = Cli::try_parse_from(arguments) else { continue };
                    let said = sentence(&error);
                    assert!(!said.contains('\n') && !said.contains("invalid") && !said.contains("parse"), "{said}");
                    let plain = ["does not fit", "needs a value", "is missing", "a command is missing"];
                    assert!(plain.iter().any(|words| said.contains(words)), "{path} --{long}={value}: {said}");
                }
            }
            command.get_subcommands().for_each(|inner| visit(inner, &format!("{path} {}", inner.get_name())));
        }
        let mut command = Cli::command();
        command.build();
        visit(&command, "newstape");
    }

    /// Eighty columns hold it, and the options of every command stand under a heading of their own.
    #[test]
    fn every_help_fits_a_terminal() {
        fn visit(command: &mut clap::Command, path: &str) {
            for help in [command.render_help().to_string(), command.render_long_help().to_string()] {
                for line in help.lines() {
                    assert!(line.chars().count() <= 80, "{path}: {line}");
                }
                let own = help.split("Options of every command:").next().unwrap_or_default();
                assert!(!own.contains("--data-dir"), "{path} mixes them:\n{help}");
            }
            let names: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
            for name in names.iter().filter(|name| *name != "help") {
                if let Some(inner) = command.find_subcommand_mut(name) {
                    visit(inner, &format!("{path} {name}"));
                }
            }
        }
        let mut command = Cli::command().term_width(80);
        command.build();
        visit(&mut command, "newstape");
    }
}
