//! Arguments of the task.

use crate::failure::Failure;

/// What to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// A set of the corpus, or `demo`.
    pub(super) set: String,
    /// Budgets of RAM as `patcher create --ram` takes them.
    pub(super) ram: Vec<String>,
    /// Only pairs whose name contains this.
    pub(super) only: String,
    /// Whether to tell where the cycles go.
    pub(super) profile: bool,
}

impl Options {
    pub(super) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            set: "benchmark".to_owned(),
            ram: vec!["16K".to_owned()],
            only: String::new(),
            profile: false,
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let mut value =
                || rest.next().ok_or_else(|| Failure::new(format!("{name} needs a value")));
            match name.as_str() {
                "--set" => options.set = value()?.clone(),
                "--ram" => options.ram = value()?.split(',').map(str::to_owned).collect(),
                "--only" => options.only.clone_from(value()?),
                "--profile" => options.profile = true,
                _ => {
                    return Err(Failure::new(format!(
                        "expected --set, --ram, --only or --profile, got {name}"
                    )));
                }
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_defaults_and_reject_what_they_do_not_know() {
        let parse = |words: &[&str]| {
            Options::parse(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).ok()
        };
        let defaults = parse(&[]).map(|options| (options.set, options.ram, options.profile));
        assert_eq!(defaults, Some(("benchmark".to_owned(), vec!["16K".to_owned()], false)));
        let ram = parse(&["--ram", "16K,4K", "--profile"]).map(|options| options.ram.len());
        assert_eq!(ram, Some(2));
        assert_eq!(parse(&["--set"]), None);
        assert_eq!(parse(&["--fast"]), None);
    }
}
