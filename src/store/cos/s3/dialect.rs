//! Who it is that speaks the S3 API.

/// Whose rules for keys apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Tencent COS.
    Cos,
    /// Amazon S3 and what copies it.
    S3,
}

impl Dialect {
    /// The dialect of whoever answers at `endpoint` (host and optional port).
    pub(crate) fn of(endpoint: &str) -> Self {
        let host = endpoint.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let is_cos = ["myqcloud.com", "tencentcos.cn"].iter().any(|domain| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        if is_cos { Self::Cos } else { Self::S3 }
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
