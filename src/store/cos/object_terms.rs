//! What an account says of the objects that its clients store, and how that is told to the store.

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;
use s3::signing;

use crate::store::Requester;

/// Bytes that names and values of an object's metadata may have together (S3, COS).
pub const METADATA_BYTES: usize = 2048;

/// What a new object is beside its bytes. What is not set is left to the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectTerms {
    /// The storage class, as the store calls it.
    pub storage_class: Option<String>,
    /// How the store encrypts it.
    pub encryption: Option<ServerSideEncryption>,
    /// Who else may read it: one of the store's ready-made ACLs.
    pub acl: Option<String>,
    /// Whether what goes on with an object keeps its ACL, where `acl` says nothing.
    pub keeps_acl: bool,
    /// Names and values of its tags; `%u` in a value is the login.
    pub tags: Vec<(String, String)>,
    /// Whether its metadata tell who stored it.
    pub stamps: bool,
    /// Other headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// Whose names these headers have.
    pub names: HeaderNames,
}

/// Server-side encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerSideEncryption {
    /// By a key of the store's own.
    Aes256,
    /// By a key of Tencent's KMS: this one, or else the account's default.
    CosKms(Option<String>),
    /// The same of AWS' KMS, or of what stands in for it.
    AwsKms(Option<String>),
}

/// Whose names the headers of an object have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderNames {
    /// S3's, which COS takes as well, and those of COS for what S3 does not know.
    #[default]
    Auto,
    /// S3's.
    Amz,
    /// Those of COS.
    Cos,
}

impl HeaderNames {
    /// The vendor's header `tail`, of something that S3 knows.
    pub(super) fn of(self, tail: &str) -> String {
        match self {
            Self::Auto | Self::Amz => format!("x-amz-{tail}"),
            Self::Cos => format!("x-cos-{tail}"),
        }
    }

    /// The same, of something that only COS knows.
    pub(super) fn of_cos(self, tail: &str) -> String {
        match self {
            Self::Amz => format!("x-amz-{tail}"),
            Self::Auto | Self::Cos => format!("x-cos-{tail}"),
        }
    }
}

impl Default for ObjectTerms {
    /// Nothing is said.
    fn default() -> Self {
        Self {
            storage_class: None,
            encryption: None,
            acl: None,
            keeps_acl: true,
            tags: Vec::new(),
            stamps: false,
            headers: Vec::new(),
            names: HeaderNames::default(),
        }
    }
}

impl ObjectTerms {
    /// Whether the headers of a new object hang on who stores it.
    pub(super) fn is_personal(&self) -> bool {
        self.stamps || self.tags.iter().any(|(_, value)| value.contains("%u"))
    }

    /// Whether the ACL of an object is asked for that another one goes on with.
    pub(super) fn asks_for_acls(&self) -> bool {
        self.keeps_acl && self.acl.is_none()
    }

    /// Whether new objects have tags.
    pub(super) fn has_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// The headers of a new object that `requester` stores.
    pub(super) fn headers_of_new(&self, requester: Requester<'_>) -> Vec<(String, String)> {
        let class = self.storage_class.as_ref();
        let mut headers = Vec::new();
        headers.extend(class.map(|class| (self.names.of("storage-class"), class.clone())));
        headers.extend(self.encryption_headers());
        headers.extend(self.acl_header());
        headers.extend(self.tagging(requester.user));
        if self.stamps {
            headers.extend(self.stamps_of(requester));
        }
        headers.extend(self.headers.iter().cloned());
        headers
    }

    /// The header of the ACL, which is given anew to an object that goes on with another one.
    pub(super) fn acl_header(&self) -> Option<(String, String)> {
        self.acl.as_ref().map(|acl| (self.names.of("acl"), acl.clone()))
    }

    /// The headers of the encryption.
    pub(super) fn encryption_headers(&self) -> Vec<(String, String)> {
        const NAME: &str = "server-side-encryption";
        let names = self.names;
        let (method, key) = match &self.encryption {
            None => return Vec::new(),
            Some(ServerSideEncryption::Aes256) => ((names.of(NAME), "AES256"), None),
            Some(ServerSideEncryption::CosKms(key)) => {
                let name = names.of_cos(&format!("{NAME}-cos-kms-key-id"));
                ((names.of_cos(NAME), "cos/kms"), key.as_ref().map(|key| (name, key.clone())))
            }
            Some(ServerSideEncryption::AwsKms(key)) => {
                let name = names.of(&format!("{NAME}-aws-kms-key-id"));
                ((names.of(NAME), "aws:kms"), key.as_ref().map(|key| (name, key.clone())))
            }
        };
        [(method.0, method.1.to_owned())].into_iter().chain(key).collect()
    }

    fn tagging(&self, user: &str) -> Option<(String, String)> {
        let tags = self.tags.iter().map(|(name, value)| (name.clone(), for_user(value, user)));
        let tags: Vec<_> = tags.collect();
        (!tags.is_empty()).then(|| (self.names.of("tagging"), encode_tags(&tags)))
    }

    fn stamps_of(&self, requester: Requester<'_>) -> [(String, String); 3] {
        [
            ("ftp-user", in_ascii(requester.user)),
            ("ftp-peer", requester.peer.to_string()),
            ("ftp-session", requester.session.to_string()),
        ]
        .map(|(name, value)| (self.names.of(&format!("meta-{name}")), value))
    }

    /// Bytes of the metadata of an object that `user` stores, at most.
    pub fn metadata_bytes(&self, user: &str) -> usize {
        // As S3 counts them: without `x-amz-meta-`.
        const OTHERS: usize =
            "ftp-user".len() + "ftp-peer".len() + "ftp-session".len() + MOST_PEER + MOST_SESSION;
        const MOST_PEER: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();
        const MOST_SESSION: usize = "18446744073709551615".len();
        if self.stamps { OTHERS + in_ascii(user).len() } else { 0 }
    }
}

/// The value of a tag for `user`, whose name stands for `%u`.
pub fn for_user(value: &str, user: &str) -> String {
    value.replace("%u", user)
}

/// Tags as a header tells them.
pub(super) fn encode_tags(tags: &[(String, String)]) -> String {
    let encode = |text: &str| signing::uri_encode(text, true);
    let pairs = tags.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The tags in such a header, if there is one among `headers`.
pub(super) fn tags_in(headers: &[(String, String)]) -> Vec<(String, String)> {
    let is_tagging = |name: &str| matches!(name, "x-amz-tagging" | "x-cos-tagging");
    let header = headers.iter().find(|(name, _)| is_tagging(name));
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = header.into_iter().flat_map(|(_, value)| value.split('&'));
    pairs.filter_map(|pair| pair.split_once('=')).map(|(n, v)| (decode(n), decode(v))).collect()
}

/// A text for metadata: what is not printable ASCII, and the percent sign, as `%XX`.
fn in_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte == b'%' || !(b'!'..=b'~').contains(&byte) {
            // Writing to a String cannot fail.
            let _ = write!(ascii, "%{byte:02X}");
        } else {
            ascii.push(char::from(byte));
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn requester(user: &str) -> Requester<'_> {
        Requester { user, peer: Ipv4Addr::new(192, 0, 2, 7).into(), session: 17 }
    }

    fn shown(terms: &ObjectTerms, user: &str) -> Vec<String> {
        let headers = terms.headers_of_new(requester(user));
        headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    fn all(names: HeaderNames, encryption: ServerSideEncryption) -> ObjectTerms {
        ObjectTerms {
            storage_class: Some("STANDARD_IA".into()),
            encryption: Some(encryption),
            acl: Some("public-read".into()),
            keeps_acl: true,
            tags: vec![("site".into(), "gz".into()), ("user".into(), "%u 5%".into())],
            stamps: true,
            headers: vec![("cache-control".into(), "no-cache".into())],
            names,
        }
    }

    #[test]
    fn nothing_said_is_nothing_sent() {
        assert_eq!(shown(&ObjectTerms::default(), "me"), [""; 0]);
        assert!(!ObjectTerms::default().is_personal());
    }

    #[test]
    fn all_of_it_in_the_names_of_s3() {
        let terms = all(HeaderNames::Auto, ServerSideEncryption::AwsKms(Some("key-1".into())));
        assert!(terms.is_personal());
        assert_eq!(
            shown(&terms, "用户 %"),
            [
                "x-amz-storage-class: STANDARD_IA",
                "x-amz-server-side-encryption: aws:kms",
                "x-amz-server-side-encryption-aws-kms-key-id: key-1",
                "x-amz-acl: public-read",
                "x-amz-tagging: site=gz&user=%E7%94%A8%E6%88%B7%20%25%205%25",
                "x-amz-meta-ftp-user: %E7%94%A8%E6%88%B7%20%25",
                "x-amz-meta-ftp-peer: 192.0.2.7",
                "x-amz-meta-ftp-session: 17",
                "cache-control: no-cache",
            ]
        );
    }

    #[test]
    fn what_only_cos_knows_has_its_name_unless_told_otherwise() {
        for (names, class, kms) in [
            (HeaderNames::Auto, "x-amz-", "x-cos-"),
            (HeaderNames::Amz, "x-amz-", "x-amz-"),
            (HeaderNames::Cos, "x-cos-", "x-cos-"),
        ] {
            let headers = shown(&all(names, ServerSideEncryption::CosKms(Some("k".into()))), "u");
            assert_eq!(headers[0], format!("{class}storage-class: STANDARD_IA"));
            assert_eq!(headers[1], format!("{kms}server-side-encryption: cos/kms"));
            assert_eq!(headers[2], format!("{kms}server-side-encryption-cos-kms-key-id: k"));
        }
        let aes = all(HeaderNames::Cos, ServerSideEncryption::Aes256);
        assert_eq!(shown(&aes, "u")[1], "x-cos-server-side-encryption: AES256");
    }

    #[test]
    fn the_login_stands_in_tags_where_it_is_wanted() {
        for (value, expected) in [("gz", "gz"), ("%u", "a%u"), ("x-%u-%u", "x-a%u-a%u"), ("", "")] {
            assert_eq!(for_user(value, "a%u"), expected, "{value}");
        }
    }

    #[test]
    fn tags_are_read_back_from_their_header() {
        let tags = [("a".to_owned(), "x & y=%".to_owned()), ("站".to_owned(), String::new())];
        let header = |name: &str| vec![("k".into(), "v".into()), (name.into(), encode_tags(&tags))];
        assert_eq!(tags_in(&header("x-amz-tagging")), tags);
        assert_eq!(tags_in(&header("x-cos-tagging")), tags);
        assert_eq!(tags_in(&header("x-amz-meta-tagging")), []);
    }

    #[test]
    fn metadata_are_never_longer_than_they_are_counted() {
        let terms = ObjectTerms { stamps: true, ..ObjectTerms::default() };
        let sent = terms.headers_of_new(requester("用 户"));
        let bytes: usize = sent.iter().map(|(name, value)| name.len() - 11 + value.len()).sum();
        assert!(bytes <= terms.metadata_bytes("用 户"));
        assert_eq!(ObjectTerms::default().metadata_bytes("me"), 0);
    }
}
