package require ftp

if {[lindex $argv 0] eq "version"} {
    puts [package require ftp]
    exit
}
# What the library logs goes to its own procedure, which would print it where answers go.
set said ""
proc ftp::DisplayMsg {s msg {state ""}} { if {$state eq "error"} { set ::said $msg } }
fconfigure stdout -buffering line
set session -1
proc session {} {
    global session env
    if {$session < 0} {
        set session [ftp::Open $env(FTP_HOST) $env(FTP_USER) $env(FTP_PASSWORD) \
            -port $env(FTP_PORT) -mode passive -timeout 60]
        ftp::Type $session binary
    }
    return $session
}
proc put {source name} { ftp::Put [session] $source $name }
proc get {name target} { ftp::Get [session] $name $target }
proc list_names {directory} {
    foreach name [ftp::NList [session] $directory] { puts "- $name" }
    return 1
}
proc rename_file {old new} { ftp::Rename [session] $old $new }
proc delete {name} { ftp::Delete [session] $name }
array set operations {put put get get list list_names rename rename_file delete delete}
while {[gets stdin line] >= 0} {
    set words [lassign $line operation]
    if {$operation eq "can"} {
        puts [expr {[info exists operations([lindex $words 0])] ? "= ok" : "= cannot"}]
    } elseif {$env(FTP_TLS) ne ""} {
        puts "= cannot"
    } elseif {[catch {$operations($operation) {*}$words} done]} {
        puts "= failed [string map {\n { }} $done]"
    } elseif {$done} {
        puts "= ok"
    } else {
        puts "= failed $said"
    }
}
