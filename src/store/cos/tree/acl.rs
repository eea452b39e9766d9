//! The ACL of an object, which a store gives up with every copy: where the account does not say
//! what it is, it is asked for and said again.

use super::BucketTree;
use crate::store::cos::object_terms::HeaderNames;
use crate::store::cos::objects::{Acl, AclEntry, Dialect, Grantee};
use crate::store::{ErrorKind, Result};

/// The headers that give an object that goes on with the one under `key` its ACL: that of the
/// account, which no directory has, or else that of the object, if the account keeps it and the key
/// may know it.
pub(super) fn acl_headers(tree: BucketTree<'_>, key: &str) -> Result<Vec<(String, String)>> {
    match tree.account.terms.acl_header() {
        Some(header) if !key.ends_with('/') => Ok(vec![header]),
        _ => own_headers(tree, key),
    }
}

fn own_headers(tree: BucketTree<'_>, key: &str) -> Result<Vec<(String, String)>> {
    let access = &tree.account.acl_access;
    if !tree.account.terms.keeps_acl || !access.is_given() {
        return Ok(Vec::new());
    }
    match tree.objects.acl(key) {
        Ok(acl) => {
            let dialect = tree.objects.plain().client.dialect();
            Ok(headers_of(&acl, dialect, tree.account.terms.names))
        }
        Err(error) if is_untold(error.kind) => {
            log::info!("{error}: ACLs are not kept, nor asked for within five minutes");
            access.end();
            Ok(Vec::new())
        }
        // Whoever copies it will see.
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether the store does not tell this key any ACL: it must not, or has none, or says something
/// that is none.
fn is_untold(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::AccessDenied | ErrorKind::Unsupported | ErrorKind::Other)
}

/// The headers that say this ACL; none where it is what the store gives a new object anyway.
fn headers_of(acl: &Acl, dialect: Dialect, names: HeaderNames) -> Vec<(String, String)> {
    if acl.is_inherited {
        return Vec::new();
    }
    // What says nothing of its ACL inherits one at COS; elsewhere it is private.
    let inherits = dialect == Dialect::Cos || acl.owner.starts_with("qcs::");
    match acl.canned() {
        Some("private") if !inherits => Vec::new(),
        Some(name) => vec![(names.of("acl"), name.to_owned())],
        None => grant_headers(&acl.grants, names),
    }
}

/// The same in headers that name each who is allowed something. `WRITE` means nothing to an object
/// and has no header.
fn grant_headers(grants: &[AclEntry], names: HeaderNames) -> Vec<(String, String)> {
    const PERMISSIONS: [(&str, &str); 4] = [
        ("READ", "grant-read"),
        ("READ_ACP", "grant-read-acp"),
        ("WRITE_ACP", "grant-write-acp"),
        ("FULL_CONTROL", "grant-full-control"),
    ];
    let header = |(permission, tail): (&str, &str)| {
        let of = grants.iter().filter(|grant| grant.permission == permission);
        let grantees: Vec<_> = of.map(|grant| spelled(&grant.grantee)).collect();
        (!grantees.is_empty()).then(|| (names.of(tail), grantees.join(",")))
    };
    PERMISSIONS.into_iter().filter_map(header).collect()
}

/// A grantee as such a header has it.
fn spelled(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Group(uri) => format!("uri=\"{uri}\""),
        Grantee::Account(id) => format!("id=\"{}\"", short_id(id)),
    }
}

/// The id of an account; COS answers `qcs::cam::uin/1:uin/2` and is told `1/2`, or `1` of the
/// account itself.
fn short_id(id: &str) -> String {
    let pair = id.strip_prefix("qcs::cam::uin/").and_then(|pair| pair.split_once(":uin/"));
    match pair {
        Some((owner, user)) if owner == user => owner.to_owned(),
        Some((owner, user)) => format!("{owner}/{user}"),
        None => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UIN: &str = "qcs::cam::uin/1:uin/1";

    fn group(name: &str, permission: &str) -> AclEntry {
        let uri = format!("http://acs.amazonaws.com/groups/global/{name}");
        AclEntry { grantee: Grantee::Group(uri), permission: permission.to_owned() }
    }

    fn account(id: &str, permission: &str) -> AclEntry {
        AclEntry { grantee: Grantee::Account(id.to_owned()), permission: permission.to_owned() }
    }

    fn shown(owner: &str, others: &[AclEntry], dialect: Dialect) -> Vec<String> {
        let mut grants = vec![account(owner, "FULL_CONTROL")];
        grants.extend_from_slice(others);
        let acl = Acl { is_inherited: false, owner: owner.to_owned(), grants };
        let headers = headers_of(&acl, dialect, HeaderNames::Auto);
        headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn what_has_a_name_is_told_by_it() {
        for (others, expected) in [
            (vec![], None),
            (vec![group("AllUsers", "READ")], Some("public-read")),
            (vec![group("AuthenticatedUsers", "READ")], Some("authenticated-read")),
            (
                vec![group("AllUsers", "WRITE"), group("AllUsers", "READ")],
                Some("public-read-write"),
            ),
        ] {
            let expected: Vec<_> = expected.iter().map(|acl| format!("x-amz-acl: {acl}")).collect();
            assert_eq!(shown("me", &others, Dialect::S3), expected, "{others:?}");
        }
    }

    /// At COS an object without an ACL of its own may be open to everybody.
    #[test]
    fn private_is_said_where_nothing_said_is_not_private() {
        for (owner, dialect) in [("me", Dialect::Cos), (UIN, Dialect::Cos), (UIN, Dialect::S3)] {
            assert_eq!(shown(owner, &[], dialect), ["x-amz-acl: private"]);
        }
        let acl = Acl {
            is_inherited: true,
            owner: UIN.into(),
            grants: vec![account(UIN, "FULL_CONTROL"), group("AllUsers", "READ")],
        };
        assert!(headers_of(&acl, Dialect::Cos, HeaderNames::Auto).is_empty());
    }

    #[test]
    fn anything_else_is_told_grant_by_grant() {
        let others = [
            account("you", "READ"),
            group("AllUsers", "READ"),
            account("you", "READ_ACP"),
            account("them", "WRITE_ACP"),
        ];
        assert_eq!(
            shown("me", &others, Dialect::S3),
            [
                "x-amz-grant-read: id=\"you\",\
                 uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"",
                "x-amz-grant-read-acp: id=\"you\"",
                "x-amz-grant-write-acp: id=\"them\"",
                "x-amz-grant-full-control: id=\"me\"",
            ]
        );
        assert_eq!(
            shown(UIN, &[account("qcs::cam::uin/2:uin/3", "READ")], Dialect::Cos),
            ["x-amz-grant-read: id=\"2/3\"", "x-amz-grant-full-control: id=\"1\""]
        );
    }
}
