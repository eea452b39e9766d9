import { copyFileSync, mkdirSync, rmSync } from "node:fs"
import { at, load, serve } from "./loop.mjs"

// Its unit is a folder: what is new in it goes, what is gone is deleted.
const { deploy } = load("@samkirkland/ftp-deploy")
const site = process.cwd() + "/site"
const run = () => deploy({
    server: at.host, port: at.port, username: at.user, password: at.password,
    protocol: at.isTls ? "ftps" : "ftp", security: "loose", "local-dir": site + "/",
    "server-dir": "/", "log-level": "minimal",
})
console.info = () => {}
await serve("@samkirkland/ftp-deploy", {
    put: async (source, name) => {
        mkdirSync(site, { recursive: true })
        copyFileSync(source, `${site}/${name}`)
        await run()
    },
    delete: async (name) => {
        rmSync(`${site}/${name}`, { force: true })
        await run()
    },
}, true)
