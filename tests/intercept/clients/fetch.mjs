import { flows } from './flows.mjs'

await flows(async (method, url, headers, body) => {
  const json = { 'Content-Type': 'application/json', ...headers }
  return (await fetch(url, { method, headers: json, body: body && JSON.stringify(body) })).json()
})
