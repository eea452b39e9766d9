//! The bucket of an account section: its key pair, where it is, and on which terms it is used.

use super::key::{Key, Nature, Row, row};
use super::readers::{Reader, absolute_path, on_or_off, one_of, rate, size};
use super::sections::SectionKind::{self, CosAccount, NumberedAccount};
use crate::config::endpoint::{self, Acceleration};
use crate::config::forms::{BucketForm, LoginForm, PairForm, PlaceForm, RoleForm};
use crate::config::values;
use crate::limits;
use crate::secret::Secret;
use crate::store::cos::{AddressingStyle, BucketArch, Scheme, is_key};
use crate::users::key_prefix;
use crate::vfs::FilenameEncoding;

const BUCKET: &[SectionKind] = &[NumberedAccount, CosAccount];

/// Those of a section of either form.
pub(super) fn rows() -> Vec<Key> {
    [credentials(), files_of_credentials(), place(), terms()].into_iter().flatten().collect()
}

fn credentials() -> Vec<Key> {
    vec![
        told("cos_secretid", "the SecretId of the key pair", "密钥的 SecretId")
            .placeholder(is_crossed_out)
            .example("XXXXXX")
            .means(
                "SecretId of the key pair, from [the \
                 console](https://console.cloud.tencent.com/cam/capi): the identity that the store \
                 sees; see [Where to keep the key pair](docs/cos.md#where-to-keep-the-key-pair); \
                 not needed with `file://`",
                "密钥的 SecretId，在[控制台](https://console.cloud.tencent.com/cam/capi)获取，\
                 是访问存储端的身份，见[密钥的存放方式](docs/zh-CN/cos.md#密钥的存放方式)；\
                 使用 `file://` 时不需要",
            )
            .field(|pair: &mut PairForm, id| pair.id.told = Some(id)),
        told("cos_secretkey", "the SecretKey of the key pair", "密钥的 SecretKey")
            .placeholder(is_crossed_out)
            .example("XXXXXX")
            .means(
                "SecretKey of the key pair; not needed with `file://`",
                "与 SecretId 配对的 SecretKey；使用 `file://` 时不需要",
            )
            .field(|pair: &mut PairForm, secret| pair.secret.told = Some(secret)),
        told("cos_session_token", "the token of a temporary key pair", "临时密钥的令牌")
            .placeholder(is_crossed_out)
            .example("TOKEN")
            .means("the token that comes with a temporary key pair", "临时密钥附带的令牌")
            .field(|pair: &mut PairForm, token| pair.token.told = Some(token)),
    ]
}

/// A part of a key pair that stands in the file itself.
fn told(name: &'static str, english: &str, chinese: &str) -> Row<Secret> {
    let reader = Reader::new(
        format!("{english}, without blanks"),
        format!("{chinese}，不含空格"),
        |text| is_key(text).then(|| Secret::new(text.to_owned())),
    );
    row(BUCKET, name, reader).nature(Nature::Secret)
}

fn files_of_credentials() -> Vec<Key> {
    let role =
        Reader::new("`auto`, or the name of a CAM role", "`auto`，或 CAM 角色名", values::cam_role);
    let metadata = Reader::new(
        "`http://host` or `http://host:port`",
        "`http://host` 或 `http://host:port`",
        endpoint::of_metadata,
    );
    vec![
        row(BUCKET, "cos_secretid_file", absolute_path())
            .example("/run/secrets/cos_secretid")
            .means(
                "file that holds the SecretId and nothing else, in place of `cos_secretid`",
                "只存放 SecretId 的文件，代替 `cos_secretid`",
            )
            .field(|pair: &mut PairForm, path| pair.id.file = Some(path)),
        row(BUCKET, "cos_secretkey_file", absolute_path())
            .example("/run/secrets/cos_secretkey")
            .means(
                "file that holds the SecretKey and nothing else, in place of `cos_secretkey`",
                "只存放 SecretKey 的文件，代替 `cos_secretkey`",
            )
            .field(|pair: &mut PairForm, path| pair.secret.file = Some(path)),
        row(BUCKET, "cos_session_token_file", absolute_path())
            .example("/run/secrets/cos_session_token")
            .means(
                "file that holds the token and nothing else, in place of `cos_session_token`",
                "只存放令牌的文件，代替 `cos_session_token`",
            )
            .field(|pair: &mut PairForm, path| pair.token.file = Some(path)),
        row(BUCKET, "cos_cam_role", role)
            .example("auto")
            .means(
                "temporary keys of this role in place of a key pair; `auto`: the role that is \
                 bound to this virtual machine",
                "使用该角色的临时密钥代替固定密钥；`auto`：云服务器绑定的角色",
            )
            .field(|keys: &mut RoleForm, role| keys.role = Some(role)),
        row(BUCKET, "cos_metadata_endpoint", metadata)
            .default("http://metadata.tencentyun.com")
            .means(
                "address of the metadata service, which issues a role's keys",
                "提供角色临时密钥的元数据服务的地址",
            )
            .field(|keys: &mut RoleForm, endpoint| keys.metadata_endpoint = endpoint),
    ]
}

fn place() -> Vec<Key> {
    let bucket = Reader::new(
        "a bucket's name: letters, digits, '-', '.' and '_'; on COS it ends in -APPID",
        "存储桶名：字母、数字、“-”、“.”和“_”；使用 COS 时以 -APPID 结尾",
        values::bucket_name,
    );
    let region = Reader::new(
        "a region such as `ap-guangzhou`; needed unless `cos_endpoint` is set",
        "地域，例如 `ap-guangzhou`；未设置 `cos_endpoint` 时必填",
        values::region,
    );
    let endpoint = Reader::new(
        "`host`, `host:port`, `http://host:port`, `https://host:port`, or `file:///directory`",
        "`host`、`host:port`、`http://host:port`、`https://host:port` 或 `file:///directory`",
        endpoint::parse,
    );
    let scheme = one_of(&[("http", Scheme::Http), ("https", Scheme::Https)]);
    vec![
        row(BUCKET, "cos_bucket", bucket)
            .placeholder(|value| {
                is_crossed_out(value) || value == "name-123456789" || value.contains(['{', '<'])
            })
            .blaming(values::wrong_bucket_name)
            .required("name-123456789")
            .means(
                "the bucket; on COS its full name, `name-APPID`, in `[COS_ACCOUNT_<n>]`; not \
                 needed with `file://`",
                "存储桶；使用 COS 时，在 `[COS_ACCOUNT_<n>]` 中为全名 `name-APPID`；\
                 使用 `file://` 时不需要",
            )
            .field(|form: &mut BucketForm, name| form.bucket = Some(name)),
        row(BUCKET, "cos_region", region)
            .placeholder(|value| value.contains("ap-xxx") || is_crossed_out(value))
            .example("ap-xxx")
            .means(
                "the bucket's region; without `cos_endpoint`, the endpoint is \
                 `cos.<region>.myqcloud.com`",
                "存储桶所在地域；未设置 `cos_endpoint` 时，访问域名为 `cos.<region>.myqcloud.com`",
            )
            .field(|form: &mut BucketForm, region| form.region = Some(region)),
        row(BUCKET, "cos_protocol", scheme)
            .default("https")
            .means(
                "protocol of the endpoint; a scheme in `cos_endpoint` means the same, and the two \
                 must agree",
                "访问存储端的协议；`cos_endpoint` 中也可以带协议，两者不能矛盾",
            )
            .also(|form: &mut BucketForm, scheme| form.told_protocol = Some(scheme))
            .field(|form: &mut BucketForm, scheme| form.protocol = Some(scheme)),
        row(BUCKET, "cos_endpoint", endpoint)
            .placeholder(|value| value.contains("ap-xxx") || is_crossed_out(value))
            .blaming(endpoint::blame)
            .may_be_empty()
            .example("cos.ap-guangzhou.tencentcos.cn")
            .means(
                "any S3-compatible endpoint, or a local directory, which needs neither bucket nor \
                 region nor key pair; wins over `cos_region`",
                "任何兼容 S3 的访问地址，或本地目录（此时无需填写存储桶、地域和密钥）；\
                 优先于 `cos_region`",
            )
            .field(|form: &mut PlaceForm, endpoint| form.endpoint = Some(endpoint)),
    ]
}

fn download_domain() -> Key {
    let domain = Reader::new(
        "`host`, `http://host` or `https://host`, with `:port` if it is not the usual one",
        "`host`、`http://host` 或 `https://host`，非默认端口时带 `:port`",
        endpoint::of_downloads,
    );
    row(BUCKET, "cos_download_domain", domain)
        .example("https://files.example.com")
        .means(
            "a domain of the bucket's own, which files are read from (GetObject); everything \
                 else goes to the endpoint",
            "存储桶的自定义域名，读取文件（GetObject）时使用；其他请求仍发往接入点",
        )
        .field(|form: &mut BucketForm, domain| form.download_domain = Some(domain))
}

fn acceleration() -> Key {
    let switch = on_or_off().map(Acceleration::from);
    let domain = Reader::new(
        "`on`, `off`, or `host`, with `:port` if it is not the usual one",
        "`on`、`off` 或 `host`（非默认端口时带 `:port`）",
        move |text| switch.read(text).or_else(|| endpoint::of_acceleration(text)),
    );
    row(BUCKET, "cos_accelerate", domain)
        .default("off")
        .means(
            "`on`: what carries bytes (PutObject, UploadPart, GetObject) goes to COS's domain of \
             global acceleration, which has to be switched on for the bucket and is billed; \
             everything else goes to the region; a host: to that instead, by the endpoint's protocol",
            "`on`：传输数据的请求（PutObject、UploadPart、GetObject）发往 COS 全球加速域名\
             （须先为存储桶开启，另行计费）；其他请求仍发往所在地域；\
             `host`：改为发往该域名，协议与接入点相同",
        )
        .field(|form: &mut BucketForm, acceleration| form.acceleration = acceleration)
}

fn backup_endpoint() -> Key {
    let host = Reader::new(
        "`auto`, or `host`, with `:port` if it is not the usual one",
        "`auto`，或 `host`（非默认端口时带 `:port`）",
        endpoint::of_backup,
    );
    row(BUCKET, "cos_backup_endpoint", host)
        .example("cos.ap-guangzhou.myqcloud.com")
        .means(
            "where a request is tried that the endpoint did not answer twice in a row, and back: \
             another host of the same bucket; `auto`: `tencentcos.cn` in place of `myqcloud.com`; \
             not set: nowhere",
            "请求连续两次得不到接入点的回复时，改向同一存储桶的另一个域名重试（仍不通则再换回）；\
             `auto`：用 `tencentcos.cn` 代替 `myqcloud.com`；未设置时不更换",
        )
        .field(|form: &mut BucketForm, backup| form.backup = Some(backup))
}

fn arch() -> Key {
    let arch = one_of(&[
        ("auto", BucketArch::Ask),
        ("object", BucketArch::Objects),
        ("ofs", BucketArch::Directories),
    ]);
    row(BUCKET, "cos_bucket_arch", arch)
        .default("auto")
        .means(
            "what the bucket is made of: `ofs` has metadata acceleration, see [Buckets with metadata \
             acceleration](docs/cos.md#buckets-with-metadata-acceleration); `auto`: COS is asked once \
             (HeadBucket), other stores are `object`",
            "存储桶的类型：`ofs` 为元数据加速桶，见[元数据加速桶](docs/zh-CN/cos.md#元数据加速桶)；\
             `auto`：向 COS 查询一次（HeadBucket），其他存储按 `object` 处理",
        )
        .field(|form: &mut BucketForm, arch| form.arch = arch)
}

fn terms() -> Vec<Key> {
    let style = one_of(&[
        ("auto", None),
        ("virtual", Some(AddressingStyle::Virtual)),
        ("path", Some(AddressingStyle::Path)),
    ]);
    let encoding = one_of(&[
        ("auto", FilenameEncoding::Auto),
        ("utf-8|utf8", FilenameEncoding::Utf8),
        ("gbk|gb18030|gb2312", FilenameEncoding::Gbk),
    ]);
    vec![
        row(BUCKET, "cos_ca_file", absolute_path())
            .example("/etc/ssl/certs/private-ca.pem")
            .means(
                "certificate authorities in PEM that https trusts for this bucket, in place of \
                 Mozilla's, which are built in; or the store's own certificate",
                "PEM 格式的证书颁发机构，https 访问该存储桶时只信任它们，代替内置的 Mozilla 列表；也可以是\
                 存储端自己的证书",
            )
            .field(|form: &mut BucketForm, path| form.ca_file = Some(path)),
        download_domain(),
        acceleration(),
        backup_endpoint(),
        arch(),
        row(BUCKET, "addressing_style", style)
            .default("auto")
            .means(
                "where the bucket's name goes: `virtual` into the host name, `path` into the \
                 path; `auto`: host name with COS (`*.myqcloud.com`, `*.tencentcos.cn`), path \
                 elsewhere",
                "存储桶名的位置：`virtual` 放在域名中，`path` 放在路径中；`auto`：COS\
                 （`*.myqcloud.com`、`*.tencentcos.cn`）放在域名中，其他存储放在路径中",
            )
            .field(|form: &mut BucketForm, style| form.addressing = style),
        prefix(),
        row(BUCKET, "store_min_part", size(limits::COS_MIN_PART_BYTES..=limits::MAX_PART_BYTES))
            .example("1M")
            .means(
                "smallest part the store takes; not set: 1 MiB with COS, 5 MiB elsewhere",
                "存储端允许的最小分块；未设置时 COS 为 1 MiB，其他存储为 5 MiB",
            )
            .field(|form: &mut BucketForm, bytes| form.min_part = Some(bytes)),
        row(BUCKET, "filename_encoding", encoding)
            .default("auto")
            .means(
                "encoding of the names that clients send; `auto`: UTF-8, or GBK in a session whose \
                 first non-ASCII name is GBK, see [Names and \
                 times](docs/reliability.md#names-and-times)",
                "客户端使用的文件名编码；`auto`：默认 UTF-8，会话中第一个非 ASCII 的名称是 GBK 时\
                 使用 GBK，见[文件名与时间](docs/zh-CN/reliability.md#文件名与时间)",
            )
            .field(|login: &mut LoginForm, encoding| login.account.filename_encoding = encoding),
        row(BUCKET, "max_rate", rate())
            .example("10M")
            .means(
                "bytes per second of all transfers of a login, uploads and downloads counted \
                 separately; takes precedence over `max_rate_user`, also when it is 0; not set: \
                 `max_rate_user`; see [Bandwidth limits](docs/operations.md#bandwidth-limits)",
                "该登录账号全部传输合计每秒的字节数，上传和下载分别计算；优先于 `max_rate_user`，\
                 包括 0；未设置时使用 `max_rate_user`；见[限速](docs/zh-CN/operations.md#限速)",
            )
            .field(|login: &mut LoginForm, rate| login.account.max_rate = Some(rate)),
    ]
}

fn prefix() -> Key {
    let prefix = Reader::new(
        "a path such as `team/a`, without . and .., at most 425 bytes",
        "路径，例如 `team/a`，不含“.”和“..”，最长 425 字节",
        key_prefix,
    );
    row(BUCKET, "cos_prefix", prefix)
        .may_be_empty()
        .example("team/a")
        .means(
            "the account's root inside the bucket: it sees only what is below this prefix; `%u` \
                 is the user, as in `cameras/%u`",
            "账号的根目录在存储桶中的位置，账号只能看到该前缀下的内容；`%u` 表示用户名，\
                 例如 `cameras/%u`",
        )
        .field(|form: &mut PlaceForm, prefix| form.prefix = prefix)
}

/// Whether a value is a placeholder: `XXXXXX` or `12XXXXXX`.
pub(super) fn is_crossed_out(value: &str) -> bool {
    let crosses = value.trim_start_matches(|c: char| c.is_ascii_digit());
    crosses.len() >= 3 && crosses.bytes().all(|byte| byte.eq_ignore_ascii_case(&b'X'))
}
