//! What `kernel.name` says.

use schemars::JsonSchema;
use serde::Deserialize;

/// One line with `{version}` and `{date}` where these go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct KernelName(String);

impl KernelName {
    /// The text for `version` on the day `date` (`YYYY-MM-DD`), with its line end.
    #[must_use]
    pub fn filled(&self, version: &str, date: &str) -> String {
        format!("{}\n", self.0.replace("{version}", version).replace("{date}", date))
    }

    /// Whether `text` is what this says for `version` on some day.
    #[must_use]
    pub fn fits(&self, text: &str, version: &str) -> bool {
        let Some(line) = text.strip_suffix('\n') else { return false };
        let wanted = self.0.replace("{version}", version);
        let Some((before, after)) = wanted.split_once("{date}") else { return line == wanted };
        let date = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        date.is_some_and(is_date)
    }
}

fn is_date(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10
}

impl TryFrom<String> for KernelName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() || text.contains(|c: char| c.is_control()) {
            return Err("`kernel_name` must be one line".to_owned());
        }
        match super::file::unknown_blank(&text, &["{version}", "{date}"]) {
            Some(blank) => {
                Err(format!("in `kernel_name`, {blank} means nothing; {{version}} and {{date}} do"))
            }
            None => Ok(Self(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_another_day_still_fits_its_version() {
        let name = KernelName::try_from("Roman {version} ({date})".to_owned()).unwrap();
        assert_eq!(name.filled("0.13.0", "2023-11-29"), "Roman 0.13.0 (2023-11-29)\n");
        assert!(name.fits("Roman 0.13.0 (2020-01-01)\n", "0.13.0"));
        for other in ["Roman 0.14.0 (2020-01-01)\n", "Roman 0.13.0 ()\n", "Roman 0.13.0 (2020-01-01)", "x\n"]
        {
            assert!(!name.fits(other, "0.13.0"), "{other:?}");
        }
    }
}
