# Both flows, with the vendors' hosts written in.
require 'json'
require 'net/http'

PYMETRICS = 'https://api.pymetrics.com/mercury'
PI = 'https://pi.predictiveindex.com/api/v1/behavioralassessments'

def send_json(method, url, headers, body = nil)
  uri = URI(url)
  headers = { 'Content-Type' => 'application/json' }.merge(headers)
  http = Net::HTTP.new(uri.host, uri.port)
  http.use_ssl = true
  JSON.parse(http.send_request(method, uri.request_uri, body && JSON.dump(body), headers).body)
end

client = { client_id: 'live-client', client_secret: 'live-secret', grant_type: 'client_credentials' }
token = send_json('POST', "#{PYMETRICS}/oauth/token", {}, client)['access_token']
keys = { 'Authorization' => "Bearer #{token}", 'X-Api-Key' => 'live-key' }
assessment = send_json('GET', "#{PYMETRICS}/configuration", keys)['assessments'][0]['id']
candidate = { email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace' }
wish = { candidate: candidate, assessment_id: assessment, application_id: 'a-1' }
order = send_json('POST', "#{PYMETRICS}/order", keys, wish)['order']['id']
person = { firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com' }
made = send_json('POST', PI, { 'api-key' => 'live-pi-key' }, person)['assessmentId']
puts "order #{order} assessment #{send_json('GET', "#{PI}/#{made}", { 'api-key' => 'live-pi-key' })['assessmentId']}"
