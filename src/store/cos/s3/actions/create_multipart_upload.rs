//! CreateMultipartUpload. Until an upload is completed or aborted its parts cost storage and appear
//! in no listing.

use serde::Deserialize;
use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml::XmlResult;
use crate::store::{Operation, Result};

/// CreateMultipartUpload, with `headers` that become the object's. Answers the upload id. A try
/// whose answer was lost leaves an empty upload behind: a list of the key's uploads would not tell
/// ours from one that another client began in the same moment.
pub(crate) fn create_multipart_upload(
    client: &S3Client,
    key: &str,
    headers: &[(String, String)],
) -> Result<String> {
    let call = Call::new(Operation::CreateMultipartUpload, request(key, headers));
    let call = call.describing(headers);
    let answer = client.exchange(&call)?;
    client.watch_encryption(key, headers, &answer.headers);
    upload_id(&answer.text).map_err(|error| call.unreadable(&answer.headers, error))
}

fn request(key: &str, headers: &[(String, String)]) -> S3Request {
    S3Request::on_object(Method::POST, key).query("uploads", "").headers(headers.to_vec())
}

/// The upload id in the answer to CreateMultipartUpload.
pub(crate) fn upload_id(text: &str) -> XmlResult<String> {
    #[derive(Deserialize)]
    struct InitiateResult {
        #[serde(rename = "UploadId", alias = "UploadID")]
        upload_id: String,
    }
    let answer: InitiateResult = quick_xml::de::from_str(text)?;
    if answer.upload_id.is_empty() {
        return Err("an empty upload id".into());
    }
    Ok(answer.upload_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_headers_are_the_objects() {
        let headers = [("content-type".to_owned(), "text/plain".to_owned())];
        assert_eq!(sent(&request("k", &headers)), ["POST /k?uploads", "content-type: text/plain"]);
    }

    #[test]
    fn upload_ids_in_both_spellings() {
        for name in ["UploadId", "UploadID"] {
            let text = format!(
                "<InitiateMultipartUploadResult xmlns=\"http://www.qcloud.com/document/product/436/7751\">\
                 <Bucket>b</Bucket><Key>k</Key><{name}>2~a+/=</{name}></InitiateMultipartUploadResult>"
            );
            assert_eq!(upload_id(&text).unwrap(), "2~a+/=");
        }
        assert!(upload_id("<InitiateMultipartUploadResult/>").is_err());
        assert!(upload_id("<X><UploadId></UploadId></X>").is_err());
    }
}
