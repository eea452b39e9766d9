import { readFileSync } from "node:fs"
import { at, load, serve } from "./loop.mjs"

const VinylFtp = load("vinyl-ftp")
const Vinyl = load("vinyl")
let connection = null
const session = () => connection ??= VinylFtp.create({
    ...at, secure: at.isTls, log: () => {},
    secureOptions: { ca: at.isTls ? readFileSync(process.env.FTP_CA) : undefined },
})
const done = (stream) => new Promise((resolve, reject) => {
    stream.on("data", () => {}).on("end", resolve).on("error", reject)
})
await serve("vinyl-ftp", {
    put: async (source, name) => {
        const stream = session().dest("/")
        const all = done(stream)
        stream.end(new Vinyl({ cwd: "/", base: "/", path: "/" + name, contents: readFileSync(source) }))
        await all
    },
    delete: (name) => new Promise((resolve, reject) => {
        session().delete("/" + name, (error) => error ? reject(error) : resolve())
    }),
}, true)
