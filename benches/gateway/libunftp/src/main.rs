//! `libunftp-s3 PORT ENDPOINT BUCKET [CERTIFICATES KEY]`: an FTP server on that bucket, for any user
//! and password; with a certificate FTPS, too.

use std::env;
use std::error::Error;

use opendal::Operator;
use opendal::layers::RetryLayer;
use opendal::services::S3;
use unftp_sbe_opendal::OpendalStorage;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, endpoint, bucket, certificate @ ..] = arguments.as_slice() else {
        return Err("libunftp-s3 PORT ENDPOINT BUCKET [CERTIFICATES KEY]".into());
    };
    let store = S3::default()
        .bucket(bucket)
        .endpoint(endpoint)
        .region("us-east-1")
        .access_key_id("id")
        .secret_access_key("key")
        .disable_config_load();
    let storage = OpendalStorage::new(Operator::new(store)?.layer(RetryLayer::new()));
    let mut server = libunftp::ServerBuilder::new(Box::new(move || storage.clone()))
        .passive_ports(32001..=60000);
    if let [certificates, key] = certificate {
        server = server.ftps(certificates, key);
    }
    Ok(server.build()?.listen(format!("127.0.0.1:{port}")).await?)
}
