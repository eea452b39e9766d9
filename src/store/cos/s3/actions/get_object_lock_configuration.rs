//! GetObjectLockConfiguration: whether the bucket keeps what is stored.

use serde::Deserialize;
use serde::de::IgnoredAny;
use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::{ErrorKind, Operation, Result, StoreError};

/// What a bucket's configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectLock {
    /// There is none.
    Off,
    /// Each object can be locked; new ones are not.
    On,
    /// New objects are locked for a time.
    Retains,
}

/// GetObjectLockConfiguration. What it says is remembered for all who use the bucket.
pub(crate) fn get_object_lock_configuration(client: &S3Client) -> Result<ObjectLock> {
    let lock = match client.exchange(&Call::new(Operation::GetObjectLockConfiguration, request())) {
        Ok(answer) => object_lock(&answer.text),
        Err(failure) if says_there_is_none(&failure.error) => ObjectLock::Off,
        Err(failure) => return Err(failure.into()),
    };
    if lock == ObjectLock::Retains {
        client.site().lock.note();
    }
    Ok(lock)
}

fn request() -> S3Request {
    S3Request::on_bucket(Method::GET).query("object-lock", "")
}

/// 404 `ObjectLockConfigurationNotFoundError`; other stores have never heard of it.
fn says_there_is_none(error: &StoreError) -> bool {
    let is_unknown = matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unsupported);
    is_unknown || error.status == Some(400)
}

/// Reads what GetObjectLockConfiguration answers. What is something else, as stores answer that do
/// not know the question, tells of no lock.
fn object_lock(text: &str) -> ObjectLock {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Configuration {
        object_lock_enabled: Option<String>,
        rule: Option<Rule>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Rule {
        default_retention: Option<IgnoredAny>,
    }
    let configuration: Configuration = quick_xml::de::from_str(text).unwrap_or_default();
    let is_on = configuration.object_lock_enabled.is_some_and(|text| text.trim() == "Enabled");
    match configuration.rule.and_then(|rule| rule.default_retention) {
        _ if !is_on => ObjectLock::Off,
        None => ObjectLock::On,
        Some(_) => ObjectLock::Retains,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_bucket_is_asked() {
        assert_eq!(sent(&request()), ["GET /?object-lock"]);
    }

    #[test]
    fn object_lock_is_read_from_its_configuration_alone() {
        let told = |inner: &str| {
            object_lock(&format!("<ObjectLockConfiguration>{inner}</ObjectLockConfiguration>"))
        };
        let on = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
        let rule = "<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule>";
        assert_eq!(told(&format!("{on}{rule}")), ObjectLock::Retains);
        assert_eq!(told(on), ObjectLock::On);
        assert_eq!(told(&format!("{on}<Rule/>")), ObjectLock::On);
        for other in ["", "<ObjectLockEnabled>Disabled</ObjectLockEnabled>", rule] {
            assert_eq!(told(other), ObjectLock::Off, "{other}");
        }
        for other in ["", "no XML", "<ListBucketResult><Name>b</Name></ListBucketResult>"] {
            assert_eq!(object_lock(other), ObjectLock::Off, "{other}");
        }
    }
}
