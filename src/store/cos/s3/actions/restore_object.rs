//! RestoreObject: an archived object is made readable for some days. It takes minutes to hours.

use ureq::http::Method;

use crate::store::cos::options::{RestoreTerms, RestoreTier};
use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::dialect::Dialect;
use crate::store::cos::s3::request::S3Request;
use crate::store::{Body, Cancel, Operation, Restoration, Result};

/// RestoreObject. One that runs already goes on as it was asked for.
pub(crate) fn restore_object(
    client: &S3Client,
    key: &str,
    terms: RestoreTerms,
) -> Result<Restoration> {
    let (text, never) = (body(client.dialect(), terms), Cancel::new());
    let pieces = [text.as_bytes()];
    let call = Call::new(Operation::RestoreObject, request(key));
    // COS demands the MD5.
    match client.exchange(&call.with_body(Body::new(&pieces, &never)).with_md5()) {
        Ok(_) => Ok(Restoration::Requested { takes: terms.tier.takes() }),
        Err(failure) if failure.error.code.as_deref() == Some("RestoreAlreadyInProgress") => {
            Ok(Restoration::UnderWay)
        }
        Err(failure) => Err(failure.error),
    }
}

fn request(key: &str) -> S3Request {
    S3Request::on_object(Method::POST, key)
        .query("restore", "")
        .header("content-type", "application/xml")
}

fn body(dialect: Dialect, RestoreTerms { days, tier }: RestoreTerms) -> String {
    let job = match dialect {
        Dialect::Cos => "CASJobParameters",
        Dialect::S3 => "GlacierJobParameters",
    };
    let tier = match tier {
        RestoreTier::Expedited => "Expedited",
        RestoreTier::Standard => "Standard",
        RestoreTier::Bulk => "Bulk",
    };
    format!(
        "<RestoreRequest><Days>{days}</Days><{job}><Tier>{tier}</Tier></{job}></RestoreRequest>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_object_is_named_and_the_terms() {
        let expected = ["POST /d/a%20b?restore", "content-type: application/xml"];
        assert_eq!(sent(&request("d/a b")), expected);
        let terms = RestoreTerms { days: 3, tier: RestoreTier::Bulk };
        assert_eq!(
            body(Dialect::Cos, terms),
            "<RestoreRequest><Days>3</Days><CASJobParameters><Tier>Bulk</Tier></CASJobParameters>\
             </RestoreRequest>"
        );
        let terms = RestoreTerms { days: 1, tier: RestoreTier::Expedited };
        assert_eq!(
            body(Dialect::S3, terms),
            "<RestoreRequest><Days>1</Days><GlacierJobParameters><Tier>Expedited</Tier>\
             </GlacierJobParameters></RestoreRequest>"
        );
    }
}
