import { readFileSync } from "node:fs"
import { at, load, serve } from "./loop.mjs"

const { Client } = load("basic-ftp")
let client = null
async function session() {
    if (client === null || client.closed) {
        client = new Client(60000)
        const secureOptions = { ca: at.isTls ? readFileSync(process.env.FTP_CA) : undefined }
        await client.access({ ...at, secure: at.isTls, secureOptions })
    }
    return client
}
await serve("basic-ftp", {
    put: async (source, name) => void await (await session()).uploadFrom(source, name),
    get: async (name, target) => void await (await session()).downloadTo(target, name),
    list: async (directory) => (await (await session()).list(directory)).map((entry) => entry.name),
    rename: async (old, name) => void await (await session()).rename(old, name),
    delete: async (name) => void await (await session()).remove(name),
}, true)
