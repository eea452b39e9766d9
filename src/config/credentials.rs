//! The keys of a bucket: told in its section, in files that the section names, in the environment,
//! or those of a CAM role.

use std::env;

use crate::secret::Secret;
use crate::store::cos::{CredentialSource, PairSource, Part, RoleSource, is_key};

use super::forms::{PairForm, PartForm, RoleForm};
use super::report::{ConfigReport, Content};
use super::section::Section;

/// What stands in a section if the keys come from there.
const PAIR_KEYS: [&str; 6] = [
    "cos_secretid",
    "cos_secretid_file",
    "cos_secretkey",
    "cos_secretkey_file",
    "cos_session_token",
    "cos_session_token_file",
];

/// The key pair that the environment holds, for buckets whose section tells none.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentKeys {
    /// `COS_SECRETID`
    pub secret_id: Option<Secret>,
    /// `COS_SECRETKEY`
    pub secret_key: Option<Secret>,
    /// `COS_SESSION_TOKEN`
    pub session_token: Option<Secret>,
}

impl EnvironmentKeys {
    /// What this process was given. An empty variable counts as none.
    pub fn of_this_process() -> Self {
        let variable = |name| {
            let text = env::var(name).ok().filter(|text| !text.is_empty());
            text.map(Secret::new)
        };
        Self {
            secret_id: variable("COS_SECRETID"),
            secret_key: variable("COS_SECRETKEY"),
            session_token: variable("COS_SESSION_TOKEN"),
        }
    }
}

/// Whether `section` says anything of a key pair or a role.
pub(super) fn are_told(section: &Section) -> bool {
    section.has("cos_cam_role") || PAIR_KEYS.iter().any(|key| section.has(key))
}

/// Where the key pair of the bucket in `section` comes from.
pub(super) fn read(
    section: &Section,
    environment: &EnvironmentKeys,
    report: &mut ConfigReport,
) -> Option<CredentialSource> {
    if section.has("cos_cam_role") {
        return role(section, report).map(CredentialSource::Role);
    }
    if section.has("cos_metadata_endpoint") {
        let text = "has no effect without cos_cam_role";
        report.warning(section.place("cos_metadata_endpoint"), text);
    }
    if PAIR_KEYS.iter().any(|key| section.has(key)) {
        return pair(section, report).map(CredentialSource::Pair);
    }
    let pair = from_environment(environment);
    if pair.is_none() {
        let text = "no key pair: cos_secretid and cos_secretkey, or cos_secretid_file and \
                    cos_secretkey_file, or cos_cam_role is required, or COS_SECRETID and \
                    COS_SECRETKEY in the environment";
        report.problem(section.place("cos_secretid"), text);
    }
    pair.map(CredentialSource::Pair)
}

fn pair(section: &Section, report: &mut ConfigReport) -> Option<PairSource> {
    let mut form = PairForm::default();
    section.read(&mut form, report);
    let id = part(form.id, section, ["cos_secretid", "cos_secretid_file"], report);
    let secret = part(form.secret, section, ["cos_secretkey", "cos_secretkey_file"], report);
    let token_keys = ["cos_session_token", "cos_session_token_file"];
    let token = part(form.token, section, token_keys, report);
    for names in [["cos_secretid", "cos_secretid_file"], ["cos_secretkey", "cos_secretkey_file"]] {
        if !names.iter().any(|name| section.has(name)) {
            let [name, file] = names;
            let text = format!("the key is required and missing; {file} can be used instead");
            report.problem(section.place(name), text);
        }
    }
    // A token that was told badly must not be left out: the pair is worth nothing without it.
    let token_is_good = token.is_some() || !token_keys.iter().any(|name| section.has(name));
    token_is_good.then_some(())?;
    Some(PairSource { id: id?, secret: secret?, token })
}

/// One part of a pair, told in the section or by the name of a file.
fn part(
    form: PartForm,
    section: &Section,
    [name, file]: [&str; 2],
    report: &mut ConfigReport,
) -> Option<Part> {
    if section.has(name) && section.has(file) {
        let text = format!("means the same as {name}; give only one of them");
        report.problem(section.place(file), text);
    }
    if let Some(path) = &form.file {
        report.names_file(section.place(file), path, Content::Key);
    }
    form.told.map(Part::Told).or(form.file.map(Part::File))
}

/// The environment's pair and its token: never a token beside keys from elsewhere.
fn from_environment(environment: &EnvironmentKeys) -> Option<PairSource> {
    let told = |part: &Option<Secret>| {
        part.as_ref().filter(|part| is_key(part.expose())).cloned().map(Part::Told)
    };
    Some(PairSource {
        id: told(&environment.secret_id)?,
        secret: told(&environment.secret_key)?,
        token: told(&environment.session_token),
    })
}

fn role(section: &Section, report: &mut ConfigReport) -> Option<RoleSource> {
    for key in PAIR_KEYS.iter().filter(|key| section.has(key)) {
        let text = "contradicts cos_cam_role, whose keys are temporary; give only one of them";
        report.problem(section.place(key), text);
    }
    let mut form = RoleForm::default();
    section.read(&mut form, report);
    Some(RoleSource { role: form.role?, metadata_endpoint: form.metadata_endpoint })
}
