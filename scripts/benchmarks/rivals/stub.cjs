// What many write by hand first: an Express app that keeps orders in a map, checks nothing, and forgets at its end.
const express = require('express')
const { randomUUID } = require('node:crypto')

const orders = new Map()
const app = express()
app.use(express.json())
app.post('/mercury/order', (request, response) => {
  const order = { ...request.body, id: randomUUID(), status: 'Not Started', create_date: new Date().toISOString() }
  orders.set(order.id, order)
  response.status(201).json(order)
})
app.get('/mercury/getOrder/:id', (request, response) => {
  const order = orders.get(request.params.id)
  if (order) response.json(order)
  else response.status(404).json({ detail: 'no such order' })
})
app.listen(Number(process.argv[2]), '127.0.0.1')
