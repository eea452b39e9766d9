<?php
// The loop of the drivers in PHP: $operations has a function for each that the client can do. What
// returns false or warns has failed; `list` returns names.
function serve(array $operations, bool $can_tls): void
{
    global $argv;
    if (($argv[1] ?? '') === 'version') {
        echo PHP_VERSION, "\n";
        return;
    }
    $words_of_failure = '';
    set_error_handler(function ($level, $text) use (&$words_of_failure) {
        $words_of_failure .= $text . ' ';
        return true;
    });
    while (($line = fgets(STDIN)) !== false) {
        $words = explode(' ', trim($line));
        $operation = array_shift($words);
        if ($operation === 'can') {
            echo isset($operations[$words[0]]) ? "= ok\n" : "= cannot\n";
            continue;
        }
        if (!isset($operations[$operation]) || (getenv('FTP_TLS') && !$can_tls)) {
            echo "= cannot\n";
            continue;
        }
        $words_of_failure = '';
        $done = $operations[$operation](...$words);
        foreach (is_array($done) ? $done : [] as $name) {
            echo "- $name\n";
        }
        echo $done === false ? "= failed $words_of_failure\n" : "= ok\n";
    }
}
