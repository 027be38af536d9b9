//! Names that nobody knows, and what was probably meant.

use std::{ffi::OsString, path::Path};

use clap::CommandFactory;
use figment::{Profile, value::Dict};
use serde::Serialize;

use super::{ConfigError, Limits, Settings, Tenant};
use crate::flags::Cli;

const PREFIX: &str = "ROOKERY_";

/// Refuses the first key of the file, or of one of its tenants, that is not a setting.
pub(super) fn check_file(path: &Path, data: &figment::value::Map<Profile, Dict>) -> Result<(), ConfigError> {
    let settings = keys_of(&Settings::default());
    for file in data.values() {
        check_keys(path, file, &settings)?;
        let tenants = file.get("tenant").and_then(|value| value.as_array()).unwrap_or_default();
        for tenant in tenants.iter().filter_map(|value| value.as_dict()) {
            check_keys(path, tenant, &keys_of(&Tenant::default()))?;
            if let Some(limits) = tenant.get("limits").and_then(|value| value.as_dict()) {
                check_keys(path, limits, &keys_of(&Limits::default()))?;
            }
        }
    }
    Ok(())
}

fn check_keys(path: &Path, found: &Dict, known: &[String]) -> Result<(), ConfigError> {
    match found.keys().find(|key| !known.contains(key)) {
        None => Ok(()),
        Some(key) => Err(ConfigError::UnknownKey {
            path: path.to_owned(),
            key: key.clone(),
            nearest: nearest(key, known.iter().map(String::as_str)),
        }),
    }
}

fn keys_of(sample: &impl Serialize) -> Vec<String> {
    match serde_json::to_value(sample) {
        Ok(serde_json::Value::Object(fields)) => fields.into_iter().map(|(name, _)| name).collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}

/// A sentence for each variable with our prefix that no option reads.
pub(super) fn unknown_variables(environment: impl Iterator<Item = (OsString, OsString)>) -> Vec<String> {
    let known = known_variables();
    let unknown = environment
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with(PREFIX) && !known.contains(name));
    unknown.map(|name| remark(&name, &known)).collect()
}

fn known_variables() -> Vec<String> {
    let cli = Cli::command();
    let arguments = cli.get_subcommands().flat_map(clap::Command::get_arguments);
    arguments.filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)).collect()
}

fn remark(name: &str, known: &[String]) -> String {
    // The common prefix would make any two of them look alike.
    let bare = name.trim_start_matches(PREFIX);
    match nearest(bare, known.iter().map(|name| name.trim_start_matches(PREFIX))) {
        Some(meant) => format!("the variable {name} is not known; did you mean {PREFIX}{meant}?"),
        None => format!("the variable {name} is not known"),
    }
}

/// The known name that is most like `name`, if any is like it at all.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let best = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.75).then(|| best.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_variable_names_the_nearest_and_a_known_one_is_silent() {
        let variables = ["ROOKERY_SLOT", "ROOKERY_SLOTS", "ROOKERY_PORT_8080_TCP_ADDR", "PATH"];
        let remarks =
            unknown_variables(variables.into_iter().map(|name| (OsString::from(name), OsString::new())));
        assert_eq!(remarks.len(), 2, "{remarks:?}");
        assert_eq!(remarks[0], "the variable ROOKERY_SLOT is not known; did you mean ROOKERY_SLOTS?");
        assert!(remarks[1].starts_with("the variable ROOKERY_PORT_8080_TCP_ADDR is not known"));
    }

    #[test]
    fn every_variable_is_a_setting_or_the_place_of_the_file() {
        let settings = keys_of(&Settings::default());
        for name in known_variables() {
            let key = name.trim_start_matches(PREFIX).to_lowercase();
            // A bridge is no part of a fleet and has no file.
            let is_elsewhere = ["config", "bridge_listen"].contains(&key.as_str());
            assert!(is_elsewhere || settings.contains(&key), "{name} sets nothing");
        }
    }
}
