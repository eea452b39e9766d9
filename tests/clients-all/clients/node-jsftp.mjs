import { createWriteStream, readFileSync } from "node:fs"
import { pipeline } from "node:stream/promises"
import { promisify } from "node:util"
import { at, load, serve } from "./loop.mjs"

const JsFtp = load("jsftp")
let client = null
async function session() {
    if (client === null) {
        client = new JsFtp({ host: at.host, port: at.port, user: at.user, pass: at.password })
        client.on("error", () => { client = null })
    }
    return client
}
const call = async (name, ...words) => {
    const ftp = await session()
    return promisify(ftp[name].bind(ftp))(...words)
}
await serve("jsftp", {
    put: async (source, name) => void await call("put", readFileSync(source), name),
    get: async (name, target) => {
        const data = await call("get", name)
        const ended = pipeline(data, createWriteStream(target))
        data.resume()
        await ended
    },
    list: async (directory) => (await call("ls", directory)).map((entry) => entry.name),
    rename: async (old, name) => void await call("rename", old, name),
    delete: async (name) => void await call("raw", "DELE", name),
})
