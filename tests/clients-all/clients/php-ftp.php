<?php
require __DIR__ . '/loop.php';
$ftp = null;
$session = function () use (&$ftp) {
    if ($ftp === null) {
        [$host, $port] = [getenv('FTP_HOST'), (int) getenv('FTP_PORT')];
        $ftp = getenv('FTP_TLS') ? ftp_ssl_connect($host, $port) : ftp_connect($host, $port);
        ftp_login($ftp, getenv('FTP_USER'), getenv('FTP_PASSWORD'));
        ftp_pasv($ftp, true);
    }
    return $ftp;
};
serve([
    'put' => fn($source, $name) => ftp_put($session(), $name, $source, FTP_BINARY),
    'get' => fn($name, $target) => ftp_get($session(), $target, $name, FTP_BINARY),
    'list' => fn($directory) => ftp_nlist($session(), $directory),
    'rename' => fn($old, $new) => ftp_rename($session(), $old, $new),
    'delete' => fn($name) => ftp_delete($session(), $name),
], true);
