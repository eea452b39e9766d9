import { createWriteStream, readFileSync } from "node:fs"
import { pipeline } from "node:stream/promises"
import { promisify } from "node:util"
import { at, load, serve } from "./loop.mjs"

const Ftp = load("@icetee/ftp")
let client = null
async function session() {
    if (client !== null) return client
    const opened = new Ftp()
    await new Promise((resolve, reject) => {
        opened.on("ready", resolve).on("error", reject).on("close", () => { client = null })
        const secureOptions = { ca: at.isTls ? readFileSync(process.env.FTP_CA) : undefined }
        opened.connect({ ...at, secure: at.isTls, secureOptions })
    })
    client = opened
    return client
}
const call = async (name, ...words) => {
    const ftp = await session()
    return promisify(ftp[name].bind(ftp))(...words)
}
await serve("@icetee/ftp", {
    put: (source, name) => call("put", source, name),
    get: async (name, target) => pipeline(await call("get", name), createWriteStream(target)),
    list: async (directory) => (await call("list", directory)).map((entry) => entry.name),
    rename: (old, name) => call("rename", old, name),
    delete: (name) => call("delete", name),
}, true)
