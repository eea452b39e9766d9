<?php
require __DIR__ . '/loop.php';
$url = sprintf('ftp%s://%s:%s@%s:%s/', getenv('FTP_TLS') ? 's' : '', getenv('FTP_USER'),
    getenv('FTP_PASSWORD'), getenv('FTP_HOST'), getenv('FTP_PORT'));
$context = stream_context_create(['ssl' => ['cafile' => getenv('FTP_CA')]]);
serve([
    'put' => fn($source, $name) =>
        file_put_contents($url . $name, file_get_contents($source), 0, $context) !== false,
    'get' => fn($name, $target) => copy($url . $name, $target, $context),
    'list' => fn($directory) => scandir($url, SCANDIR_SORT_NONE, $context),
    'rename' => fn($old, $new) => rename($url . $old, $url . $new, $context),
    'delete' => fn($name) => unlink($url . $name, $context),
], true);
