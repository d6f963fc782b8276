// Both flows, with the vendors' hosts written in.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

const pymetrics = "https://api.pymetrics.com/mercury"
const pi = "https://pi.predictiveindex.com/api/v1/behavioralassessments"

type object = map[string]any

func send(method, url string, body any, headers ...string) object {
	data := []byte{}
	if body != nil {
		data, _ = json.Marshal(body)
	}
	request, err := http.NewRequest(method, url, bytes.NewReader(data))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for at := 0; at < len(headers); at += 2 {
		request.Header.Set(headers[at], headers[at+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	found := object{}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		panic(err)
	}
	return found
}

func main() {
	client := object{"client_id": "live-client", "client_secret": "live-secret", "grant_type": "client_credentials"}
	token := send("POST", pymetrics+"/oauth/token", client)["access_token"].(string)
	keys := []string{"Authorization", "Bearer " + token, "X-Api-Key", "live-key"}
	assessments := send("GET", pymetrics+"/configuration", nil, keys...)["assessments"].([]any)
	candidate := object{"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}
	wish := object{"candidate": candidate, "assessment_id": assessments[0].(object)["id"], "application_id": "a-1"}
	order := send("POST", pymetrics+"/order", wish, keys...)["order"].(object)
	person := object{"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"}
	made := send("POST", pi, person, "api-key", "live-pi-key")["assessmentId"].(string)
	found := send("GET", pi+"/"+made, nil, "api-key", "live-pi-key")
	fmt.Println("order", order["id"], "assessment", found["assessmentId"])
}
