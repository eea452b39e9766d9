//! `[NETWORK]` and `[FILE_OPTION]`.

use super::key::{Key, row};
use super::readers::{Reader, port, ports, size};
use super::sections::SectionKind;
use crate::config::forms::General;
use crate::config::values;
use crate::transfer::Schedule;

const NETWORK: &[SectionKind] = &[SectionKind::Network];
const FILE_OPTION: &[SectionKind] = &[SectionKind::FileOption];

pub(super) fn rows() -> Vec<Key> {
    let masquerade = Reader::new(
        "an IPv4 address or a host name",
        "IPv4 地址或域名",
        values::masquerade_or_sample,
    );
    let addresses =
        Reader::new("IP addresses separated by commas", "IP 地址，用逗号分隔", values::addresses)
            .noting(
                "leave the line out for all addresses of the machine",
                "监听所有地址时请不要写这一行",
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
        row(NETWORK, "listen_address", addresses)
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
        row(FILE_OPTION, "single_file_max_size", size(1..=Schedule::LARGEST_FILE))
            // What the replaced tool's document has.
            .default("200G")
            .means("larger uploads are refused with 552", "超过该大小的上传会被拒绝（552）")
            .field(|all: &mut General, bytes| all.server.session.transfer.max_file = bytes),
    ]
}
