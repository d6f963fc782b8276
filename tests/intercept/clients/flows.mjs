// Both flows, with the vendors' hosts written in, by a function (method, url, headers, body) => JSON.
export async function flows (send) {
  const pymetrics = 'https://api.pymetrics.com/mercury'
  const pi = 'https://pi.predictiveindex.com/api/v1/behavioralassessments'
  const client = { client_id: 'live-client', client_secret: 'live-secret', grant_type: 'client_credentials' }
  const { access_token: token } = await send('POST', `${pymetrics}/oauth/token`, {}, client)
  const keys = { Authorization: `Bearer ${token}`, 'X-Api-Key': 'live-key' }
  const { assessments } = await send('GET', `${pymetrics}/configuration`, keys)
  const candidate = { email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace' }
  const wish = { candidate, assessment_id: assessments[0].id, application_id: 'a-1' }
  const { order } = await send('POST', `${pymetrics}/order`, keys, wish)
  const person = { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' }
  const { assessmentId } = await send('POST', pi, { 'api-key': 'live-pi-key' }, person)
  const found = await send('GET', `${pi}/${assessmentId}`, { 'api-key': 'live-pi-key' })
  console.log('order', order.id, 'assessment', found.assessmentId)
}
