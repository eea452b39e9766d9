// The loop of the drivers in JavaScript: `operations` has what the client can do; `list` returns names.
import { createRequire } from "node:module"
import { createInterface } from "node:readline"

export const load = createRequire(process.env.FTP_PLACE + "/node/")
export const at = {
    host: process.env.FTP_HOST, port: Number(process.env.FTP_PORT), user: process.env.FTP_USER,
    password: process.env.FTP_PASSWORD, isTls: Boolean(process.env.FTP_TLS),
}

export async function serve(module, operations, canTls = false) {
    if (process.argv[2] === "version") {
        console.log(load(`./node_modules/${module}/package.json`).version)
        return
    }
    let broke = null
    // What is thrown where nobody listens would end the driver.
    for (const kind of ["uncaughtException", "unhandledRejection"]) {
        process.on(kind, (error) => broke?.(error))
    }
    for await (const line of createInterface({ input: process.stdin })) {
        const [operation, ...words] = line.split(" ")
        if (operation === "can") {
            console.log(operations[words[0]] ? "= ok" : "= cannot")
        } else if (!operations[operation] || (at.isTls && !canTls)) {
            console.log("= cannot")
        } else {
            try {
                const breaks = new Promise((_, reject) => { broke = reject })
                const names = await Promise.race([operations[operation](...words), breaks])
                for (const name of Array.isArray(names) ? names : []) console.log("- " + name)
                console.log("= ok")
            } catch (error) {
                console.log("= failed " + String(error.message ?? error).replaceAll("\n", " "))
            }
        }
    }
    process.exit()
}
