//! `[NETWORK]` and `[FILE_OPTION]`.

use super::key::{Key, row};
use super::readers::{Reader, on_or_off, port, ports, size};
use super::sections::SectionKind;
use crate::config::forms::General;
use crate::config::values;
use crate::transfer::Schedule;

const NETWORK: &[SectionKind] = &[SectionKind::Network];
const FILE_OPTION: &[SectionKind] = &[SectionKind::FileOption];

pub(super) fn rows() -> Vec<Key> {
    let mut rows = naming();
    rows.extend(listening());
    rows.extend(passive());
    rows.push(
        row(FILE_OPTION, "single_file_max_size", size(1..=Schedule::LARGEST_FILE))
            // What the replaced tool's document has.
            .default("200G")
            .means("larger uploads are refused with 552", "超过该大小的上传会被拒绝（552）")
            .field(|all: &mut General, bytes| all.server.session.transfer.max_file = bytes),
    );
    rows
}

/// What passive replies name.
fn naming() -> Vec<Key> {
    let masquerade = Reader::new(
        "an IPv4 address or a host name",
        "IPv4 地址或域名",
        values::masquerade_or_sample,
    );
    let networks = Reader::new(
        "`network=address`, `network=direct` and `network=auto`, separated by commas, each network \
         once",
        "`网段=地址`、`网段=direct` 或 `网段=auto`，用逗号分隔，每个网段一次",
        values::masquerade_networks,
    );
    let url = Reader::new(
        "a URL with `http` or `https`",
        "`http` 或 `https` 的 URL",
        values::web_address,
    );
    vec![
        row(NETWORK, "masquerade_address", masquerade)
            .may_be_empty()
            .example("203.0.113.7")
            .means(
                "the address in passive replies, for a server behind NAT; \
                 `XXX.XXX.XXX.XXX` from the sample means not set",
                "服务器位于网关或 NAT 之后时，被动模式回复中使用的 IP 地址或域名，一般无需配置；\
                 保留示例中的 `XXX.XXX.XXX.XXX` 等同于未设置",
            )
            .field(|all: &mut General, address| all.server.session.masquerade = address),
        row(NETWORK, "masquerade_networks", networks)
            .blaming(values::wrong_masquerade_network)
            .example("192.168.0.0/16=192.168.0.10, 10.0.0.0/8=direct, 0.0.0.0/0=auto")
            .means(
                "the address in passive replies, by the network that the client comes from: an \
                 address or a name, `direct` for the one that the client has connected to, `auto` \
                 for the machine's public address; the smallest network counts, and clients in \
                 none of them have the rule of `masquerade_address`",
                "按客户端所在网段决定被动模式回复中的地址：IP 地址或域名，`direct` 表示客户端所连接的\
                 地址，`auto` 表示本机的公网地址；以最小的网段为准，不在任何网段中的客户端按 \
                 `masquerade_address` 处理",
            )
            .field(|all: &mut General, networks| all.server.session.masquerade_networks = networks),
        row(NETWORK, "public_address_url", url)
            .default("http://metadata.tencentyun.com/latest/meta-data/public-ipv4")
            .means(
                "what answers the public address of the machine as text, for `auto` in \
                 `masquerade_networks`; asked every five minutes, and only where it is needed",
                "查询本机公网地址的 URL，响应为纯文本；用于 `masquerade_networks` 中的 `auto`，\
                 每五分钟查询一次，不需要时不查询",
            )
            .field(|all: &mut General, url| all.server.session.public_address_url = url),
    ]
}

/// Where clients connect to.
fn listening() -> Vec<Key> {
    let addresses =
        Reader::new("IP addresses separated by commas", "IP 地址，用逗号分隔", values::addresses)
            .noting(
                "leave the line out for all addresses of the machine",
                "监听所有地址时请不要写这一行",
            );
    vec![
        row(NETWORK, "listen_address", addresses)
            .blaming(values::wrong_address)
            .example("0.0.0.0,::")
            .at_start()
            .means(
                "where to listen; not set: all addresses, IPv4 and IPv6",
                "监听地址；未设置时监听所有 IPv4 和 IPv6 地址",
            )
            .field(|all: &mut General, addresses| all.server.listen_addresses = addresses),
        row(NETWORK, "listen_port", port())
            .default("2121")
            .at_start()
            .means("the control port", "控制端口，防火墙需要放行")
            .field(|all: &mut General, port| all.server.listen_port = port),
    ]
}

/// The ports of data connections.
fn passive() -> Vec<Key> {
    vec![
        row(NETWORK, "passive_ports", ports())
            .default("60000,65535")
            .at_start()
            .means(
                "ports of passive data connections; `passive_port` is another name of the key",
                "被动模式数据连接的端口范围，防火墙需要放行；也可以写作 `passive_port`",
            )
            .field(|all: &mut General, ports| all.server.passive_ports = ports),
        row(
            NETWORK,
            "passive_port",
            ports().noting("not beside passive_ports", "不能与 `passive_ports` 同时设置"),
        )
        .example("60000,65535")
        .at_start()
        .means("another name of `passive_ports`", "`passive_ports` 的另一种写法")
        .field(|all: &mut General, ports| all.passive_port = Some(ports)),
        row(NETWORK, "passive_ports_shared", on_or_off())
            .default("off")
            .means(
                "whether clients with different addresses may use one passive port at the same \
                 time, once no port is free; each connection goes to the client of its address. \
                 For ranges of few ports",
                "没有空闲端口时，不同地址的客户端是否可以同时使用同一个被动端口；每个连接按其地址交给\
                 对应的客户端。适用于端口很少的情况",
            )
            .field(|all: &mut General, shared| all.server.session.passive_ports_shared = shared),
    ]
}
