//! GetObjectAcl: who may read an object, and its ACL.

use serde::Deserialize;
use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml::XmlResult;
use crate::store::{Operation, Result};

/// An object's ACL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acl {
    /// Whether the object has none of its own, and is as open as what surrounds it (COS).
    pub(crate) is_inherited: bool,
    /// The id of the object's owner.
    pub(crate) owner: String,
    /// What is allowed to whom.
    pub(crate) grants: Vec<AclEntry>,
}

/// One permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AclEntry {
    /// Who has it.
    pub(crate) grantee: Grantee,
    /// `READ`, `FULL_CONTROL`.
    pub(crate) permission: String,
}

/// Who has a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grantee {
    /// An account, by its id.
    Account(String),
    /// A group, by its URI.
    Group(String),
}

/// URIs of groups end so, whoever's they are.
const EVERYBODY: &str = "/groups/global/AllUsers";
const EVERYBODY_KNOWN: &str = "/groups/global/AuthenticatedUsers";

impl Acl {
    /// The name that it has as a whole, if it has one. Those about the bucket's owner are `private`
    /// where that is the object's owner.
    pub(crate) fn canned(&self) -> Option<&'static str> {
        let is_owners = |entry: &&AclEntry| {
            entry.permission == "FULL_CONTROL"
                && matches!(&entry.grantee, Grantee::Account(id) if *id == self.owner)
        };
        let others: Vec<_> = self.grants.iter().filter(|entry| !is_owners(entry)).collect();
        match others.as_slice() {
            [] => Some("private"),
            [one] if allows(one, EVERYBODY, "READ") => Some("public-read"),
            [one] if allows(one, EVERYBODY_KNOWN, "READ") => Some("authenticated-read"),
            [one, other] if reads_and_writes(one, other) || reads_and_writes(other, one) => {
                Some("public-read-write")
            }
            _ => None,
        }
    }
}

fn allows(entry: &AclEntry, group: &str, permission: &str) -> bool {
    entry.permission == permission
        && matches!(&entry.grantee, Grantee::Group(uri) if uri.ends_with(group))
}

fn reads_and_writes(one: &AclEntry, other: &AclEntry) -> bool {
    allows(one, EVERYBODY, "READ") && allows(other, EVERYBODY, "WRITE")
}

/// GetObjectAcl.
pub(crate) fn get_object_acl(client: &S3Client, key: &str) -> Result<Acl> {
    let call = Call::new(Operation::GetObjectAcl, request(key));
    let answer = client.exchange(&call)?;
    let acl = acl(&answer.text).map_err(|error| call.unreadable(&answer.headers, error))?;
    Ok(Acl { is_inherited: answer.headers.vendor("acl") == Some("default"), ..acl })
}

fn request(key: &str) -> S3Request {
    S3Request::on_object(Method::GET, key).query("acl", "")
}

/// Reads an answer to GetObjectAcl.
fn acl(text: &str) -> XmlResult<Acl> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct AccessControlPolicy {
        owner: Owner,
        #[serde(default)]
        access_control_list: AccessControlList,
    }
    #[derive(Deserialize)]
    struct Owner {
        #[serde(rename = "ID", default)]
        id: String,
    }
    #[derive(Default, Deserialize)]
    struct AccessControlList {
        #[serde(rename = "Grant", default)]
        grants: Vec<GrantBody>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct GrantBody {
        grantee: GranteeBody,
        permission: String,
    }
    #[derive(Deserialize)]
    struct GranteeBody {
        #[serde(rename = "ID")]
        id: Option<String>,
        #[serde(rename = "URI")]
        uri: Option<String>,
    }
    let policy: AccessControlPolicy = quick_xml::de::from_str(text)?;
    let grant = |GrantBody { grantee, permission }| {
        let grantee = match (grantee.uri, grantee.id) {
            (Some(uri), _) => Grantee::Group(uri),
            (None, Some(id)) => Grantee::Account(id),
            (None, None) => return Err("a grantee without a name".into()),
        };
        Ok(AclEntry { grantee, permission })
    };
    let grants: XmlResult<_> = policy.access_control_list.grants.into_iter().map(grant).collect();
    Ok(Acl { is_inherited: false, owner: policy.owner.id, grants: grants? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_acl_is_asked_of_the_object() {
        assert_eq!(sent(&request("a/b")), ["GET /a/b?acl"]);
    }

    #[test]
    fn grants_are_read_in_the_words_of_s3_and_of_cos() {
        let grant = |grantee, permission: &str| AclEntry { grantee, permission: permission.into() };
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Owner><ID>test</ID><DisplayName>test</DisplayName></Owner><AccessControlList>\
             <Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>\
             </Grantee><Permission>READ</Permission></Grant>\
             <Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:type=\"CanonicalUser\"><ID>test</ID><DisplayName>test</DisplayName></Grantee>\
             <Permission>FULL_CONTROL</Permission></Grant>\
             </AccessControlList></AccessControlPolicy>";
        let everybody = Grantee::Group("http://acs.amazonaws.com/groups/global/AllUsers".into());
        let expected =
            [grant(everybody, "READ"), grant(Grantee::Account("test".into()), "FULL_CONTROL")];
        let told = acl(text).unwrap();
        assert_eq!((told.owner.as_str(), told.grants.as_slice()), ("test", expected.as_slice()));
        let uin = "qcs::cam::uin/100000000001:uin/100000000001";
        let text = format!(
            "<AccessControlPolicy><Owner><ID>{uin}</ID></Owner><AccessControlList>\
             <Grant><Grantee><ID>{uin}</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
             </AccessControlList></AccessControlPolicy>"
        );
        let expected = [grant(Grantee::Account(uin.into()), "FULL_CONTROL")];
        assert_eq!(acl(&text).unwrap().grants, expected);
    }

    #[test]
    fn what_is_no_acl_is_none() {
        let of = |inside: &str| {
            acl(&format!("<AccessControlPolicy>{inside}</AccessControlPolicy>")).is_ok()
        };
        assert!(of("<Owner><ID>a</ID></Owner><AccessControlList/>"));
        assert!(!of("<AccessControlList/>") && acl("").is_err() && acl("\u{fffd}PNG").is_err());
        let nobody = "<Grant><Grantee/><Permission>READ</Permission></Grant>";
        let list = format!("<Owner/><AccessControlList>{nobody}</AccessControlList>");
        assert!(!of(&list));
    }
}
