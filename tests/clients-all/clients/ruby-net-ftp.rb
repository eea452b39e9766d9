require 'net/ftp'

if ARGV == ['version']
  puts Net::FTP::VERSION
  exit
end
OPERATIONS = {
  'put' => ->(ftp, source, name) { ftp.putbinaryfile(source, name) && nil },
  'get' => ->(ftp, name, target) { ftp.getbinaryfile(name, target) && nil },
  'list' => ->(ftp, directory) { ftp.nlst(directory) },
  'rename' => ->(ftp, old, new) { ftp.rename(old, new) && nil },
  'delete' => ->(ftp, name) { ftp.delete(name) && nil },
}.freeze

def session
  ssl = ENV['FTP_TLS'].to_s.empty? ? nil : { ca_file: ENV['FTP_CA'], verify_mode: 1 }
  Net::FTP.new(ENV['FTP_HOST'], port: ENV['FTP_PORT'].to_i, username: ENV['FTP_USER'],
               password: ENV['FTP_PASSWORD'], ssl: ssl || false, passive: true)
end

$stdout.sync = true
ftp = nil
while (line = $stdin.gets)
  operation, *words = line.split
  if operation == 'can'
    puts OPERATIONS.key?(words[0]) ? '= ok' : '= cannot'
    next
  end
  begin
    ftp ||= session
    (OPERATIONS[operation].call(ftp, *words) || []).each { |name| puts "- #{name}" }
    puts '= ok'
  rescue StandardError => e
    puts "= failed #{e.class}: #{e.message.tr("\n", ' ')}"
  end
end
