#!/bin/sh
# Both flows, with the vendors' hosts written in, by curl or wget: shell.sh curl|wget.
set -eu
pymetrics=https://api.pymetrics.com/mercury pi=https://pi.predictiveindex.com/api/v1/behavioralassessments
send() { # URL BODY HEADER…
    url=$1 body=$2
    shift 2
    if [ "$tool" = curl ]; then
        set -- -H 'Content-Type: application/json' "$@"
        [ -z "$body" ] || set -- --data "$body" "$@"
        curl -sSf "$@" "$url"
    else
        set -- --header 'Content-Type: application/json' "$@"
        [ -z "$body" ] || set -- --post-data "$body" "$@"
        wget -qO - "$@" "$url"
    fi
}
member() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
tool=$1
header=$([ "$tool" = curl ] && echo -H || echo --header)
token=$(send $pymetrics/oauth/token '{"client_id":"live-client","client_secret":"live-secret","grant_type":"client_credentials"}' | member access_token)
key="X-Api-Key: live-key" bearer="Authorization: Bearer $token"
assessment=$(send $pymetrics/configuration '' "$header" "$key" "$header" "$bearer" | member id)
wish='{"candidate":{"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace"},"application_id":"a-1","assessment_id":"'$assessment'"}'
order=$(send $pymetrics/order "$wish" "$header" "$key" "$header" "$bearer" | member id)
made=$(send $pi '{"firstName":"Ada","lastName":"Lovelace","email":"ada@example.com"}' "$header" 'api-key: live-pi-key' | member assessmentId)
echo order "$order" assessment "$(send "$pi/$made" '' "$header" 'api-key: live-pi-key' | member assessmentId)"
