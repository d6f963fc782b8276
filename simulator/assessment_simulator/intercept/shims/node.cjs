// Loaded first by every Node.js that `assessment-simulator run` starts. Its fetch and https ignore proxies, so
// connections to the hosts of vendors go to the intercepting port, which takes TLS as it comes.
'use strict'
const [, address, port] = /^(.*):(\d+)$/.exec(process.env.ASSESSMENT_SIMULATOR_INTERCEPT || '') || []
const hosts = new Set((process.env.ASSESSMENT_SIMULATOR_HOSTS || '').split(',').filter(Boolean))

const isVendor = (host) => typeof host === 'string' && hosts.has(host.toLowerCase().replace(/\.$/, ''))

if (port && hosts.size) {
  const net = require('node:net')
  const tls = require('node:tls')
  const dns = require('node:dns')

  // Both are called with (options[, listener]) or (port[, host][, listener]); net.connect calls the socket's method.
  const connect = net.Socket.prototype.connect
  net.Socket.prototype.connect = function (...args) {
    // net.connect passes arguments that it has normalised already, in an array.
    const inner = Array.isArray(args[0]) ? args[0] : args
    const options = inner[0]
    if (options !== null && typeof options === 'object' && isVendor(options.host)) {
      inner[0] = { ...options, host: address, port: Number(port), lookup: undefined }
    } else if (isVendor(inner[1])) {
      inner[0] = Number(port)
      inner[1] = address
    }
    return connect.apply(this, args)
  }

  // The name for SNI and for the check of the certificate is taken from the host, unless it is given.
  const secure = tls.connect
  tls.connect = function (...args) {
    const options = args[0]
    if (options !== null && typeof options === 'object' && isVendor(options.host) && !options.servername) {
      args[0] = { ...options, servername: options.host }
    }
    return secure.apply(this, args)
  }

  // Whoever resolves a name first and connects to an address must not reach the vendor either.
  const lookup = dns.lookup
  dns.lookup = function (host, ...rest) {
    return lookup.call(this, isVendor(host) ? address : host, ...rest)
  }
  const lookupPromise = dns.promises.lookup
  dns.promises.lookup = function (host, ...rest) {
    return lookupPromise.call(this, isVendor(host) ? address : host, ...rest)
  }
}
