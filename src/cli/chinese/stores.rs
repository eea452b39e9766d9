//! What `check` says of buckets, in both languages. `{}` stands for what differs; it comes in the
//! same order in both.

/// What was found, and what to do about it.
pub(super) const TEXTS: &[(&str, &str)] = &[
    // Buckets: what is needed.
    (
        "refused; no user may delete here, so only renaming will fail",
        "被拒绝；没有用户有删除权限，因此只有重命名会失败",
    ),
    (
        "refused; not needed with abort_unfinished_after = 0",
        "被拒绝；abort_unfinished_after = 0 时不需要",
    ),
    (
        "refused; needed to append to a file that has tags, or to rename it in parts",
        "被拒绝；向带标签的文件追加内容，或分块重命名这类文件时需要",
    ),
    (
        "refused; files get the bucket's ACL when they are renamed, appended to or given a time",
        "被拒绝；文件在重命名、追加或设置时间之后使用存储桶的 ACL",
    ),
    // What is said of new files.
    ("accepted", "存储端已接受"),
    ("accepted; the store does not report the result", "存储端已接受，但不返回结果"),
    ("in effect: {}", "已生效：{}"),
    (
        "accepted, but without effect: the store does not support it",
        "存储端已接受但未生效：存储端不支持",
    ),
    ("set object_header_names = {}, or leave {} out", "设置 object_header_names = {}，或不设置 {}"),
    (
        "accepted, but without effect: files are stored without it",
        "存储端已接受但未生效：文件未加密保存",
    ),
    (
        "set object_header_names = {}, or leave it out and let the bucket encrypt",
        "设置 object_header_names = {}，或不设置此项，改由存储桶加密",
    ),
    (
        "name a key of KMS that exists, is enabled and lies in the bucket's region, and let the \
         key pair use it (kms:GenerateDataKey, kms:Decrypt; at COS, authorize COS to use KMS)",
        "请指定一个存在、已启用且与存储桶同地域的 KMS 密钥，并允许密钥对使用它（kms:GenerateDataKey、kms:Decrypt；在 COS 需授权 COS 使用 KMS）",
    ),
    ("leave {} out", "不设置 {}"),
    (
        "in effect, but not for uploads in parts: there the store ignores it",
        "已生效，但分块上传时未生效：存储端会丢弃",
    ),
    (
        "needed: the store ignores object_tags of uploads in parts",
        "需要此权限：存储端会丢弃分块上传的 object_tags",
    ),
    ("leave {} out if large files need it", "如果大文件也需要，请不要使用 {}"),
    (
        "correct this key, or leave it out: the store refuses it",
        "请更正或删除该配置项：存储端拒绝接受",
    ),
    (
        "note: files of this class must be restored before they can be read, renamed or appended \
         to, and are billed for months",
        "注意：该存储类型的文件必须先恢复才能读取、重命名或追加，并且至少按数月计费",
    ),
    (
        "note: files below 64 KB (S3: 128 KB) are billed as 64 KB, and each for 30 days at least",
        "注意：小于 64 KB（S3 为 128 KB）的文件按 64 KB 计费，每个文件至少计费 30 天",
    ),
    ("no user may write here, so writing was not tried", "没有用户有写权限，因此未尝试写入"),
    // Object Lock.
    ("off", "关闭"),
    ("on, without a default retention", "开启，没有默认保留期"),
    ("on: stored objects are kept for a time", "开启：存入的内容会保留一段时间"),
    ("on: a part without a checksum was refused", "开启：没有校验值的分块被拒绝"),
    ("probably off: a part without a checksum was accepted", "可能关闭：没有校验值的分块被接受"),
    ("{}; its configuration cannot be read: {}", "{}；无权读取其配置：{}"),
    (
        "{}; partial_upload = keep would leave files that nobody can remove",
        "{}；partial_upload = keep 会留下无法删除的内容",
    ),
    ("set partial_upload = park or discard", "请设置 partial_upload = park 或 discard"),
    (
        "not tried: objects stored here cannot be removed (Object Lock)",
        "未尝试：存入此处的内容无法删除（对象锁定）",
    ),
    // The way to the store.
    ("no address", "没有地址"),
    ("an address, not a name", "是地址，不是域名"),
    (
        "correct cos_endpoint or cos_region, or this machine's resolver",
        "请更正 cos_endpoint、cos_region 或本机的域名解析设置",
    ),
    ("port {} of {}: {}", "端口 {}，主机 {}：{}"),
    (
        "allow connections to it in firewalls, or correct cos_endpoint",
        "请在防火墙中放行，或更正 cos_endpoint",
    ),
    ("HTTPS, with a valid certificate", "HTTPS，证书有效"),
    ("HTTP, not encrypted", "HTTP，未加密"),
    (
        "if it is the certificate: correct cos_endpoint, or the authorities or the clock of this \
         machine; a store without TLS needs cos_protocol = http",
        "如果是证书问题：请更正 cos_endpoint、本机的根证书或时钟；没有 TLS 的存储端需要设置 \
         cos_protocol = http",
    ),
    (
        "correct cos_endpoint, or set cos_protocol = https",
        "请更正 cos_endpoint，或设置 cos_protocol = https",
    ),
    ("the store sends no time", "存储端没有给出时间"),
    ("this machine's clock differs from the store's by {} s", "本机时间与存储端相差 {} 秒"),
    ("set this machine's clock (NTP)", "请校准本机时钟（NTP）"),
    ("{} s apart", "相差 {} 秒"),
    // Key pair and bucket.
    (
        "check the file or the CAM role that the key pair comes from",
        "请检查密钥来源：文件或 CAM 角色",
    ),
    ("the store looks at the bucket first", "存储端先检查存储桶"),
    ("known to the store", "存储端认可"),
    ("correct cos_secretid: the store does not know it", "请更正 cos_secretid：存储端没有这个密钥"),
    (
        "correct cos_secretkey: it does not belong to cos_secretid; elsewhere than on COS it may \
         also be cos_region",
        "请更正 cos_secretkey：它与 cos_secretid 不匹配；不是 COS 时也可能是 cos_region 有误",
    ),
    ("the temporary key pair has expired: get another", "临时密钥已过期：请重新获取"),
    ("the bucket lies in {}, the configuration says {}", "存储桶位于 {}，配置为 {}"),
    (
        "set cos_region = {}, and cos_endpoint if it names a region",
        "请设置 cos_region = {}；如果 cos_endpoint 含有地域，也请更正",
    ),
    ("correct cos_region: the store expects another one", "请更正 cos_region：存储端要求其他地域"),
    (
        "correct cos_bucket (with -APPID on COS), cos_region or cos_endpoint: there is no bucket \
         of this name",
        "请更正 cos_bucket（在 COS 上须带 -APPID）、cos_region 或 cos_endpoint：没有这个名称的存储桶",
    ),
    ("set addressing_style = virtual", "请设置 addressing_style = virtual"),
    (
        "correct cos_region or cos_endpoint: the bucket is elsewhere",
        "请更正 cos_region 或 cos_endpoint：存储桶在别处",
    ),
    // Operations.
    (
        "metadata acceleration (OFS): renaming is done by the bucket itself; APPE and REST before \
         STOR to all but small files, and MFMT, are refused",
        "元数据加速桶（OFS）：由存储桶直接重命名；除小文件外不支持 APPE 和 STOR 前的 REST，不支持 MFMT",
    ),
    ("an ordinary bucket", "普通存储桶"),
    (
        "refused; needed to see whether the bucket has metadata acceleration: set cos_bucket_arch if \
         it has",
        "被拒绝；用于查询存储桶是否启用了元数据加速：如已启用，请设置 cos_bucket_arch",
    ),
    (
        "not tried: a bucket with metadata acceleration copies nothing",
        "未尝试：元数据加速桶不能复制",
    ),
    ("what was renamed is still there", "重命名后原名仍然存在"),
    ("what was renamed is not there", "重命名后的对象不存在"),
    ("{}: what was renamed is still there", "{}：重命名后原名仍然存在"),
    ("{}: what was renamed is not there", "{}：重命名后的对象不存在"),
    ("allowed", "允许"),
    ("left behind: {}", "未能清理：{}"),
    ("delete it by hand", "请手动删除"),
    ("{}; delete it by hand", "{}；请手动删除"),
    ("the unfinished upload {} of {}", "文件碎片 {}（{}）"),
    ("byte by byte", "按字节排序"),
    ("path by path", "按路径排序"),
    ("in an order of its own", "使用自己的顺序"),
    ("compared", "会比较版本"),
    (
        "the store does not compare versions, so the server looks instead",
        "存储不比较版本，由服务器自行核对",
    ),
    (
        "a directory of three names is listed page by page as {}",
        "含三个名称的目录，逐页列出的结果为 {}",
    ),
    (
        "listings of large directories will be wrong: this store's pages do not follow one another",
        "大目录的列表会出错：该存储的分页不衔接",
    ),
    (
        "this store cannot copy ranges: APPE, REST before STOR, and renaming what is larger than 5 \
         GB will fail",
        "该存储不能复制范围：APPE、STOR 前的 REST、重命名大于 5 GB 的文件都会失败",
    ),
    ("the marker of a directory is not there after it was stored", "目录标记存入之后不存在"),
    ("the marker of a directory is still there after it was deleted", "目录标记删除之后仍然存在"),
    ("not tried: needs a directory", "未尝试：需要目录"),
    ("not tried: needs CopyObject", "未尝试：需要 CopyObject"),
    ("not tried: needs what PutObject stores", "未尝试：需要 PutObject 存入的对象"),
    ("not tried: needs what UploadPart stores", "未尝试：需要 UploadPart 存入的分块"),
    (
        "not tried: needs what CreateMultipartUpload begins",
        "未尝试：需要 CreateMultipartUpload 开始的上传",
    ),
    ("{}: another size than was stored", "{}：大小与存入时不同"),
    ("{}: what was stored a moment ago is not there", "{}：刚刚存入的对象不存在"),
    ("{}: other bytes than were stored", "{}：内容与存入时不同"),
    ("{} unfinished uploads", "{} 个文件碎片"),
    (
        "{}{} unfinished uploads, {} of them without new parts for {} or longer",
        "{}{} 个文件碎片，其中 {} 个已超过 {} 没有新分块",
    ),
    (
        "{}{} unfinished uploads, {} of them without new parts for {} or longer: {}",
        "{}{} 个文件碎片，其中 {} 个已超过 {} 没有新分块：{}",
    ),
    ("at least {}", "至少 {}"),
    ("{} s", "{} 秒"),
    ("{} h", "{} 小时"),
    ("grant the key pair {}", "请授予密钥 {} 权限"),
    ("allow the key pair {} (in CAM: {})", "请允许密钥执行 {}（CAM 中为 {}）"),
    (
        "try again; if it persists, ask the operator of the store",
        "请重试；如果仍然如此，请联系存储端的运营方",
    ),
    ("the bucket or the account is full", "存储桶或账号空间已满"),
    (
        "this store does not support an operation that the server needs",
        "该存储端缺少服务器需要的操作",
    ),
    ("something on the way to the store damages the data", "传输途中内容被损坏"),
    ("look up the code in the store's documentation", "请在存储端的文档中查找该错误码"),
    ("no answer: {}", "没有响应：{}"),
    ("no answer", "没有响应"),
    (
        "set archive = refuse, if this store has no archive",
        "如果该存储没有归档类型，请设置 archive = refuse",
    ),
    ("{}: the marker of a directory is not there after it was stored", "{}：目录标记存入后不存在"),
    (
        "{}: the marker of a directory is still there after it was deleted",
        "{}：目录标记删除后仍然存在",
    ),
    // on_exists.
    ("the first", "第一次"),
    ("refused the second time: the store keeps the first", "第二次被拒绝：存储端保留已有对象"),
    (
        "the store replaced the existing object: the server looks first, but two uploads at the \
         same time may both succeed",
        "存储端替换了已有对象：服务器会事先查看，但两个客户端同时写入时可能都成功",
    ),
    (
        "{}: the server looks first, but two uploads at the same time may both succeed",
        "{}：服务器会事先查看，但两个客户端同时写入时可能都成功",
    ),
    // Domains and certificates.
    (
        "correct cos_endpoint; a store without TLS needs cos_protocol = http",
        "请更正 cos_endpoint；没有 TLS 的存储端需要设置 cos_protocol = http",
    ),
    ("{}, a private address: traffic is free", "{}，内网地址：流量免费"),
    ("{}, a public address: downloads are billed", "{}，公网地址：下行流量计费"),
    (
        "the domain of global acceleration serves transfers only: leave cos_endpoint out and set \
         cos_region",
        "全球加速域名只支持传输：请去掉 cos_endpoint 并设置 cos_region",
    ),
    (
        "turn global acceleration on for the bucket in the console, or leave cos_endpoint out and \
         set cos_region",
        "请在控制台为存储桶开启全球加速，或去掉 cos_endpoint 并设置 cos_region",
    ),
    (
        "COS gives out no files of this kind (.apk, .ipa) under its own domain: bind a domain of \
         your own to the bucket and name it in cos_download_domain",
        "COS 的默认域名不提供此类文件（.apk、.ipa）的下载：请为存储桶绑定自定义域名，并用 cos_download_domain 指定",
    ),
    (
        "the store's certificate was not issued by a trusted authority ({})",
        "存储端的证书不是由受信任的机构签发的（{}）",
    ),
    (
        "the store shows the certificate of an authority (CA:TRUE) as its own, and it is not in \
         cos_ca_file ({})",
        "存储端出示的是机构证书（CA:TRUE），而 cos_ca_file 中没有这份证书（{}）",
    ),
    ("the store's certificate is for another name ({})", "存储端的证书属于另一个名称（{}）"),
    ("the store's certificate has expired ({})", "存储端的证书已过期（{}）"),
    ("the store's certificate is not valid yet ({})", "存储端的证书尚未生效（{}）"),
    ("the store's certificate cannot be used ({})", "存储端的证书无法使用（{}）"),
    ("the port does not speak TLS ({})", "该端口不使用 TLS（{}）"),
    (
        "the store closed the connection during the TLS handshake ({})",
        "存储端在 TLS 握手过程中断开了连接（{}）",
    ),
    (
        "the store and this server have no version or cipher of TLS in common ({})",
        "与存储端没有共同的 TLS 版本或算法（{}）",
    ),
    (
        "put the certificate of its authority, or the store's own, into the file that cos_ca_file \
         names",
        "请把签发机构的证书或存储端自己的证书放入 cos_ca_file 指定的文件",
    ),
    (
        "put exactly this certificate into the file that cos_ca_file names",
        "请把这份证书本身放入 cos_ca_file 指定的文件",
    ),
    (
        "use a name in cos_endpoint that is in the certificate, or have one issued for this name \
         (subjectAltName)",
        "请在 cos_endpoint 中使用证书里的名称，或重新签发包含当前名称的证书（subjectAltName）",
    ),
    (
        "renew it at the store, or set this machine's clock (NTP)",
        "请更新存储端的证书，或校准本机时钟（NTP）",
    ),
    ("set this machine's clock (NTP), or the store's", "请校准本机或存储端的时钟（NTP）"),
    ("have the store's certificate issued again", "请重新签发存储端的证书"),
    (
        "correct the port in cos_endpoint; a store without TLS needs cos_protocol = http",
        "请更正 cos_endpoint 中的端口；没有 TLS 的存储端需要设置 cos_protocol = http",
    ),
    ("enable TLS 1.2 or 1.3 at the store", "请让存储端支持 TLS 1.2 或 1.3"),
];
