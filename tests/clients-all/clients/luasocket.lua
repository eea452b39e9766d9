local ftp, socket, ltn12 = require "socket.ftp", require "socket", require "ltn12"
if arg[1] == "version" then
    print((socket._VERSION:gsub("LuaSocket ", "")))
    os.exit()
end
io.stdout:setvbuf "line"
ftp.TIMEOUT = 60
local function request(path, more)
    local asked = {
        host = os.getenv "FTP_HOST", port = os.getenv "FTP_PORT", user = os.getenv "FTP_USER",
        password = os.getenv "FTP_PASSWORD", type = "i", path = path,
    }
    for key, value in pairs(more) do asked[key] = value end
    return asked
end
local operations = {}
function operations.put(source, name)
    return ftp.put(request(name, { source = ltn12.source.file(io.open(source, "rb")) }))
end
function operations.get(name, target)
    return ftp.get(request(name, { sink = ltn12.sink.file(io.open(target, "wb")) }))
end
function operations.list(directory)
    local parts = {}
    local done, why = ftp.get(request(directory, { command = "nlst", sink = ltn12.sink.table(parts) }))
    for name in table.concat(parts):gmatch "[^\r\n]+" do print("- " .. name) end
    return done, why
end
for line in io.lines() do
    local operation, first, second = line:match "^(%S+) (%S+) ?(%S*)$"
    if operation == "can" then
        print(operations[first] and "= ok" or "= cannot")
    elseif not operations[operation] or os.getenv "FTP_TLS" ~= "" then
        print "= cannot"
    else
        local done, why = operations[operation](first, second)
        print(done and "= ok" or "= failed " .. tostring(why))
    end
end
