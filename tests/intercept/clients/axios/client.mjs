import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

// The package is installed in a folder of its own.
const axios = createRequire(`${process.env.AXIOS_HOME}/`)('axios')
const { flows } = await import(pathToFileURL(process.argv[2]))
await flows(async (method, url, headers, data) => (await axios({ method, url, headers, data })).data)
