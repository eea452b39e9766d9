//! What the command line says, and what is told of a server, where the environment asks for Chinese.

use std::fs;
use std::process::Command;

use crate::support::certificate::{Authority, Certificate};
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, Written};

const CHINESE: &str = "zh_CN.UTF-8";

fn is_chinese(line: &str) -> bool {
    line.contains(|c| ('\u{4e00}'..'\u{a000}').contains(&c))
}

/// Both languages of what `--check-config` prints.
fn summaries(written: &Written) -> [String; 2] {
    ["C.UTF-8", CHINESE].map(|locale| {
        let output = written.command(&["--check-config"]).env("LC_ALL", locale).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    })
}

#[test]
fn the_summary_of_a_configuration_is_said_in_chinese() {
    let certificate = Certificate::new("summary");
    let authority = Authority::new("clients");
    let ca = authority.path("ca.pem");
    let mount = [("path", "/all"), ("account", "vault"), ("users", "alice"), ("authority", "R")];
    let setup = Setup::bucket_named("files", "127.0.0.1:1").directory_account("vault");
    let setup = certificate.serve(setup.mount(&mount), "optional");
    let setup = setup.tls("tls_client_cert", "optional").tls("tls_client_ca", &ca);
    let [english, chinese] = summaries(&setup.write());
    assert_eq!(english.lines().count(), 9, "{english}");
    assert_eq!(chinese.lines().count(), 9, "{chinese}");
    for (english, chinese) in english.lines().zip(chinese.lines()) {
        assert!(!is_chinese(english) && is_chinese(chinese), "{english}\n{chinese}");
    }
    for said in [
        "配置正确：/",
        "\n账号 alice：存储桶 files，访问地址 127.0.0.1:1，地域 ",
        "，密钥对\n",
        "\n账号 vault：目录 /",
        "\n挂载 /all（R: alice）：目录 /",
        "\n端口 0，被动端口 ",
        "\nFTPS：TLS 1.2 至 TLS 1.3",
        "\n客户端证书：可以出示，按 CN 确定用户，无需密码\n",
        "\n中断的上传会暂存",
        "请执行：",
    ] {
        assert!(chinese.contains(said), "{said}: {chinese}");
    }
    let [english, chinese] = summaries(&Setup::local().users_file("").write());
    assert!(english.contains("\nno users yet: directory /"), "{english}");
    assert!(chinese.contains("\n尚无用户：目录 /"), "{chinese}");
}

#[test]
fn a_directory_that_is_not_there_is_told_in_chinese() {
    let written = Setup::local().write();
    fs::remove_dir(written.dir().join("data")).unwrap();
    let output = written.command(&["--check-config"]).env("LC_ALL", CHINESE).output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.matches("/data").count(), 1, "{told}");
    assert!(told.ends_with("：请创建该目录（mkdir -p），或更正 cos_endpoint\n"), "{told}");
}

#[test]
fn a_wrong_command_line_is_told_in_chinese() {
    for (line, said) in [
        ("stauts", "未知的命令 \"stauts\"（是否要用：status？）"),
        ("nonsense", "未知的命令 \"nonsense\""),
        ("strat", "未知的命令 \"strat\"（是否要用：不带命令的 cos-ftp-server，即启动服务器？）"),
        ("--nonsense", "无效的选项 '--nonsense'"),
        ("status --wacth", "无效的选项 '--wacth'（是否要用：--watch？）"),
        ("status now", "多余的参数 \"now\""),
        ("--config", "选项 '--config' 缺少参数"),
        ("--check-config=yes", "选项 '--check-config' 不带参数：\"yes\""),
        (
            "serve d --listen localhost:21",
            "无法识别参数 \"localhost:21\"：应为端口，或地址和端口，例如 2121、127.0.0.1:2121 或 \
             [::]:2121",
        ),
        ("serve d --passive-ports 9", "无法识别参数 \"9\"：应为两个端口，例如 60000-60009"),
        ("serve", "serve 需要指定目录：cos-ftp-server serve DIR"),
        ("check --from sftp://host", "--from 需要 ftp:// 或 ftps://：SFTP 是另一种协议，属于 SSH"),
        (
            "check --from a:b@host",
            "--from 中不能写密码，因为其他用户能看到命令行：密码会在运行时询问，或取自 \
             COS_FTP_PASSWORD",
        ),
        ("check ftp://host", "服务器写在 --from 之后：check --from URL"),
        ("ban a for 2w", "ban 的时长应写作 90s、30m、2h 或 7d 的形式"),
        ("user remove", "user 之后应为 add NAME、passwd NAME 或 list"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        command.args(line.split(' ')).env("LC_ALL", CHINESE);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{line}: {output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told, format!("{said}；见 cos-ftp-server --help\n"), "{line}");
    }
}

#[test]
fn what_a_running_server_tells_is_said_in_chinese() {
    let server = Setup::local().start();
    let told = |line: &str, code: i32| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
        command.args(line.split(' ')).arg("--config").arg(server.config()).env("LC_ALL", CHINESE);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let _session = Ftp::login(&server);
    let banned = "已封禁用户 \"bob\"，时长 120 秒，最迟到服务器退出；已结束：0 个会话\n";
    assert_eq!(told("ban bob for 2m", 0), banned);
    let status = told("status", 0);
    for line in status.lines().filter(|line| !line.is_empty()) {
        assert!(is_chinese(line), "{line}: {status}");
    }
    for said in ["会话 1 个，传输 0 个", "已封禁：用户 bob，还有 2 分钟，由运维人员封禁"]
    {
        assert!(status.contains(said), "{said}: {status}");
    }
    // Programs read it: it is the same everywhere.
    assert!(!is_chinese(&told("status --json", 0)));
    assert_eq!(told("kick carol", 1), "没有 carol 的会话：用 `status` 可以查看现有会话\n");
    assert_eq!(told("kick 1", 0), "已结束：1 个会话\n");
    let stopped = told("stop", 0);
    assert!(stopped.starts_with("将在 ") && stopped.ends_with("已停止\n"), "{stopped}");
}

#[test]
fn a_socket_that_was_named_is_told_in_its_own_words() {
    for arguments in [&["status"][..], &["stop"], &["kick", "bob"], &["log-level", "DEBUG"]] {
        let told = |locale: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
            command.args(arguments).args(["--socket", "/nowhere/s"]).env("LC_ALL", locale);
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            String::from_utf8(output.stderr).unwrap()
        };
        let (english, chinese) = (told("C"), told(CHINESE));
        let said = "no server answers at /nowhere/s (--socket): there is no such file\n";
        assert!(english.starts_with(said), "{english}");
        assert!(!english.contains("configuration"), "{english}");
        let said = "/nowhere/s (--socket) 没有服务器响应：没有这个文件\n";
        assert!(chinese.starts_with(said), "{chinese}");
    }
}
