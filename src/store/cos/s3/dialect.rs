//! Who it is that speaks the S3 API.

/// Whose rules for keys apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Tencent COS.
    Cos,
    /// Amazon S3 and what copies it.
    S3,
}

/// Whether COS answers at `endpoint` (host and optional port), and not another store.
pub fn is_cos(endpoint: &str) -> bool {
    let host = endpoint.split(':').next().unwrap_or_default().to_ascii_lowercase();
    ["myqcloud.com", "tencentcos.cn"].iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

impl Dialect {
    /// The dialect of whoever answers at `endpoint` (host and optional port).
    pub(crate) fn of(endpoint: &str) -> Self {
        if is_cos(endpoint) { Self::Cos } else { Self::S3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cos_is_known_by_its_domains() {
        for (endpoint, expected) in [
            ("cos.ap-guangzhou.myqcloud.com", Dialect::Cos),
            ("COS-internal.ap-x.tencentcos.cn:443", Dialect::Cos),
            ("127.0.0.1:9000", Dialect::S3),
            ("s3.amazonaws.com", Dialect::S3),
            ("notmyqcloud.com", Dialect::S3),
        ] {
            assert_eq!(Dialect::of(endpoint), expected, "{endpoint}");
        }
    }
}
