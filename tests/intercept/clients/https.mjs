import https from 'node:https'
import { flows } from './flows.mjs'

await flows((method, url, headers, body) => new Promise((resolve, reject) => {
  const request = https.request(url, { method, headers: { 'Content-Type': 'application/json', ...headers } }, (answer) => {
    let text = ''
    answer.on('data', (part) => { text += part })
    answer.on('end', () => resolve(JSON.parse(text)))
  })
  request.on('error', reject)
  request.end(body && JSON.stringify(body))
}))
